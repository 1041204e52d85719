"""Objections and requests for information repair, from receipt to decision."""
