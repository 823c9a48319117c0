"""Pages of the organisation's settings."""
