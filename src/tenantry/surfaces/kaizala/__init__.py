"""Kaizala's REST API, below `/kaizala`: sign-in, tokens, groups, the people in them, webhooks.

1. `coat.py` does what every endpoint must bear (Kaizala contract §0): paths in any spelling, bodies that are no strict
   JSON, the three keys of an error, CORS.
2. Each noun has its operations in a file; each operation calls one domain function, and answers what it returns in the
   wire's shape.
3. `wire.py` has what several of them read or show, `callers.py` authenticates callers and limits their calls,
   `errors.py` has the form of each error.

Source: docs/contracts/kaizala.md, which docstrings cite as `Kaizala contract §3.4`. A1, G2 and the like are the names
of its endpoints (§3.1).
"""

from tenantry.surfaces.kaizala import access_token, accounts, groups, members, oauth_token, subscribers, webhooks
from tenantry.surfaces.kaizala.coat import KAIZALA

__all__ = ["KAIZALA", "access_token", "accounts", "groups", "members", "oauth_token", "subscribers", "webhooks"]
