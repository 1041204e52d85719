"""Evidence packs: everything that a red card rests on, in one archive."""
