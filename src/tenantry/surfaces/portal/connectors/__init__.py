"""Pages of connectors and tokens."""
