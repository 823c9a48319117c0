"""What one tenant lets another do in it."""
