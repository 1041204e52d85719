"""The enterprise's door: am I safe, what must I do by when."""
