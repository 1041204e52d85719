"""Service of documents: attempts, their proof, their failure."""
