"""Objections of the public to a display: the only form for people without an account."""
