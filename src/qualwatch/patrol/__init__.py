"""The only place that puts the rooms' acts in order.

A day's run, a pushed change, the release of a load.
"""
