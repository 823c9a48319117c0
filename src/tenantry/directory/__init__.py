"""What a tenant has: users with their passwords, phones and second factors; groups, roles, domains, policies."""
