"""Legal periods, the states of a case, its transition table, ways of service, roles.

Pure: no clock, no database.
"""
