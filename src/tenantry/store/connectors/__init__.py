"""Registered apps, their secrets and keys."""
