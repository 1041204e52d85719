"""Withdrawals of qualifications: lists, hearings, decisions."""
