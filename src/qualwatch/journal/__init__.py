"""What was done, by whom, on what basis.

Streams of entries, each bound to the one before it, sealed every day.
"""
