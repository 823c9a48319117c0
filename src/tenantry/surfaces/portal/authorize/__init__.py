"""Pages of the authorization endpoint."""
