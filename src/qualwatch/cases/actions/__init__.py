"""All writes of the room."""
