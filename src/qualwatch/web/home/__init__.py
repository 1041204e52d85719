"""The first page after log-in: who one is here, and what one may do."""
