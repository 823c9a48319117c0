"""Grants, the secrets made from them, and the access tokens they are exchanged for."""
