"""Deletes, for good, rows that have expired or were deleted long ago."""
