"""The catalogue of released images as a folder: what may be served, kept by content."""
