"""The keys of the server: the master key that others are encrypted under, and those that sign tokens."""
