"""Pages of the tenant's settings."""
