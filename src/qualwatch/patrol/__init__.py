"""The only place that puts the rooms' acts in order.

A day's run, what a push changes, a load let in.
"""
