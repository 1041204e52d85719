"""The facts of a day compared with the law of that day.

Runs, and what they found, kept as intervals of runs.
"""
