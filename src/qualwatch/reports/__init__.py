"""Findings -> what people and programs read. No database."""
