"""Partner Center REST, below `/partnercenter/v1`: the users of a partner's customers.

1. `coat.py` brings every spelling of a path to one and puts the vendor's headers on every answer.
2. `users.py` has the operations; each calls one domain function and shows what comes back.
3. `wire.py` has the shapes, `paging.py` lists, `errors.py` says what each error looks like.

Source: docs/contracts/partner-center.md, which docstrings cite as `Partner Center contract §2.5`.
"""

from tenantry.surfaces.partner_center import domains, users
from tenantry.surfaces.partner_center.coat import PARTNER_CENTER

__all__ = ["PARTNER_CENTER", "domains", "users"]
