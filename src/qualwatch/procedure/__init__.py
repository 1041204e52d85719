"""Legal periods and, later, the course of a case. Pure: no clock, no database."""
