"""Users, their lists and the search for them, their roles, their import."""
