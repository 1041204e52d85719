"""Calendar, policy and standards that the office has loaded, each in force from a day."""
