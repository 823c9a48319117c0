"""Users, how they are listed and found, their roles."""
