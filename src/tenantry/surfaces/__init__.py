"""The coats: each surface turns one wire format into calls of the domain, and back."""
