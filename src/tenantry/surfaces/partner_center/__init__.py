"""Partner Center REST, below `/partnercenter/v1`: the users of a partner's customers.

1. `protocol.py` brings every spelling of a path to one and puts the vendor's headers on every answer.
2. `users.py` has the endpoints; each proves the caller, calls one domain function and shows what comes back.
3. `wire.py` reads and writes CustomerUser, `paging.py` lists, `errors.py` says what each error looks like.

Source: the Partner Center REST reference; what its clients need is in the docstrings as `contract §N`.
"""

from __future__ import annotations

from tenantry.surfaces.shared.hot import HotRoute

HOT: list[HotRoute] = []
