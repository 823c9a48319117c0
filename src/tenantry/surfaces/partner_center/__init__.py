"""Partner Center's REST API, below `/partnercenter/v1`: the users of a partner's customers.

1. `coat.py` brings every spelling of a path to one form, and puts the vendor's headers on every answer.
2. `users.py` has the operations; each calls one domain function, and answers what it returns in the wire's shape.
3. `wire.py` has the shapes, `paging.py` the lists, `errors.py` the form of each error.

Source: docs/contracts/partner-center.md, which docstrings cite as `Partner Center contract §2.5`.
"""

from tenantry.surfaces.partner_center import domains, users
from tenantry.surfaces.partner_center.coat import PARTNER_CENTER

__all__ = ["PARTNER_CENTER", "domains", "users"]
