"""The staff's door: what is due, what has happened, what may be done and why not."""
