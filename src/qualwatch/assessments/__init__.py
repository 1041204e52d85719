"""Assessments: the facts of a day compared with the law of that day.

Findings are stored as intervals of runs.
"""
