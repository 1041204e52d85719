"""Files by their SHA-256: what was handed in, and what was sent out.

Encrypted, outside the web root.
"""
