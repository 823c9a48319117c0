"""Who is in a tenant: users with their credentials and phones, groups, roles, domains."""
