"""Rows of every tenant that depend on a master key: what it encrypts, and what was hashed under its pepper."""
