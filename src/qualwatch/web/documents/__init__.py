"""Files for those who may see them: documents as issued, and files that were handed in."""
