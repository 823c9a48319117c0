"""Kaizala's REST API, below `/kaizala`: sign-in, tokens, groups, the people in them, webhooks.

1. `coat.py` does what every endpoint must bear (Kaizala contract §0): paths in any spelling, bodies that are no strict
   JSON, the three keys of an error, CORS.
2. Each noun has its operations in a file; each operation calls one domain function and shows what comes back.
3. `wire.py` has what several of them read or show, `callers.py` who may call how often, `errors.py` what each error
   looks like.

Source: docs/contracts/kaizala.md, which docstrings cite as `Kaizala contract §3.4`. A1, G2 and the like are the names
of its endpoints (§3.1).
"""

from tenantry.surfaces.kaizala import access_token, accounts, groups, members, oauth_token, subscribers, webhooks
from tenantry.surfaces.kaizala.coat import KAIZALA

__all__ = ["KAIZALA", "access_token", "accounts", "groups", "members", "oauth_token", "subscribers", "webhooks"]
