"""The doors: pages and interfaces, each opening on the rooms and on no other door."""
