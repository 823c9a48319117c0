"""Webhooks and what waits to be sent."""
