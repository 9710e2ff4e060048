"""Possible duplicates in the book: pairs of contacts that may be one person."""
