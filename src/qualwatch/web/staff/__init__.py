"""The site of the authorities: what is due, what has happened, what may be done and why not."""
