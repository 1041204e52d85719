"""Objections of the public to a display: the one thing that somebody without an account may hand in."""
