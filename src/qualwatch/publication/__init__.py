"""The public copy: red cards, standings, decisions, the feed. It knows no case and no person."""
