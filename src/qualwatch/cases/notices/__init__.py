"""Notices to enterprises and authorities, and their texts."""
