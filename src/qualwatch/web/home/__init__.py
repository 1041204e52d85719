"""The first page after log-in: who the account is, and what it may do."""
