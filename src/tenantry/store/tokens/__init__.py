"""Grants, codes, signing keys, and what a presented secret belongs to."""
