"""Partner Center REST, below `/partnercenter/v1`: the users of a partner's customers.

1. `protocol.py` brings every spelling of a path to one and puts the vendor's headers on every answer.
2. `users.py` has the endpoints; each proves the caller, calls one domain function and shows what comes back.
3. `wire.py` reads and writes CustomerUser, `paging.py` lists, `errors.py` says what each error looks like.

Source: the Partner Center REST reference; what its clients need is in the docstrings as `contract §N`.
"""

from __future__ import annotations

from fastapi import FastAPI

from tenantry.surfaces.partner_center import errors, users
from tenantry.surfaces.partner_center.protocol import Protocol
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import HotRoute

HOT: list[HotRoute] = []


def surface(deps: Deps) -> FastAPI:
    """The application that answers below `/partnercenter`."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.deps = deps
    app.include_router(users.router, prefix="/partnercenter/v1")
    errors.install(app)
    app.add_middleware(Protocol)
    return app
