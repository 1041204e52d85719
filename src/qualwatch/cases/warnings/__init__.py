"""Warnings: runs applied to cases, determinations, supervision, reminders."""
