"""Rows of every tenant that depend on a master key: to encrypt them again, or to count what needs a pepper."""
