"""What a tenant consists of: users with their credentials and phones, groups, roles, domains."""
