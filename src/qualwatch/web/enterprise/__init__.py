"""The enterprise's site: whether its items are safe, and what it must do by when."""
