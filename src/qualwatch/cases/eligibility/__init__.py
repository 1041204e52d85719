"""Whether an enterprise may do something today, and what restricts it."""
