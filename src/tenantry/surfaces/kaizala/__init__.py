"""Kaizala's REST API, below `/kaizala`: sign-in, tokens, groups, the people in them, webhooks.

1. `coat.py` knows what the contract's §0 asks of every endpoint: paths in any spelling, bodies that are no strict JSON,
   the three keys of an error, CORS.
2. Each noun has its operations in a file; each operation calls one domain function and shows what comes back.
3. `wire.py` has what several of them read or show, `callers.py` who may call how often, `errors.py` what each error
   looks like.

Source: the Kaizala contract, as `§N` and the names of its endpoints (A1, G2) in the docstrings.
"""

from tenantry.surfaces.kaizala import access_token, accounts, groups, members, oauth_token, subscribers, webhooks
from tenantry.surfaces.kaizala.coat import KAIZALA

__all__ = ["KAIZALA", "access_token", "accounts", "groups", "members", "oauth_token", "subscribers", "webhooks"]
