"""Alembic migrations. `HEAD` is known here without loading Alembic: a normal start compares one row with it."""

HEAD = "0012"
"""The newest revision; a test compares it with `versions/`."""
