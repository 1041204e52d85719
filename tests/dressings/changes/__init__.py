"""Every change, registered by its stage."""

from dressings.changes import cells, columns, files, headings, layout, lossy, packing

__all__ = ["cells", "columns", "files", "headings", "layout", "lossy", "packing"]
