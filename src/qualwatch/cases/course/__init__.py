"""One step of a case, in one transaction with its journal entries."""
