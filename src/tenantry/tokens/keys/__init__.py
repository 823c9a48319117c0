"""The keys of the server: the master key, which encrypts other keys, and those that sign tokens."""
