"""Papers served to those who may see them: documents as they went out, files that were handed in."""
