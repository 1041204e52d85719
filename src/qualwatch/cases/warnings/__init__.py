"""Yellow and red cards: from a run to determination, supervision and reminders."""
