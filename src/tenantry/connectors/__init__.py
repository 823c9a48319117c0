"""Connectors, their permissions, secrets and keys."""
