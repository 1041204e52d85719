"""Oversight of the authorities: quarterly returns, spot checks, circulars (notice 4(3))."""
