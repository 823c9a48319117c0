"""Registered third-party apps, their secrets and keys."""
