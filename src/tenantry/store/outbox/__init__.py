"""Webhooks, and the events that wait to be sent to them."""
