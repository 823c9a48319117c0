"""Connectors, their secrets, keys and roles."""
