"""Submitted and issued files by SHA-256, encrypted, outside the web root."""
