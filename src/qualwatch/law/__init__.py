"""The law as data: standards, policy, calendar, divisions; read strictly, never guessed."""
