"""Deletes rows for good that have expired or were deleted long ago."""
