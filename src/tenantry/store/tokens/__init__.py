"""Grants, codes, keys, and what presented secrets lead to."""
