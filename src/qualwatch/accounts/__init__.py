"""Organisations, people with roles, and whose enterprises each may see."""
