"""The public copy: red cards, standings, decisions, the feed; without cases and people."""
