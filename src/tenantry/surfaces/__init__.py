"""The surfaces: each turns one wire format into calls of the domain, and the answers back."""
