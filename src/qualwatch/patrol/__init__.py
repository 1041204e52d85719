"""Sequences over several rooms: a day's run, a pushed change, the release of a load."""
