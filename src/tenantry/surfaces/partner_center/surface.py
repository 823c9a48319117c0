"""The surface as one application."""

from __future__ import annotations

from fastapi import FastAPI

from tenantry.surfaces.partner_center import domains, errors, users
from tenantry.surfaces.partner_center.protocol import Protocol
from tenantry.surfaces.shared.deps import Deps


def surface(deps: Deps) -> FastAPI:
    """The application that answers below `/partnercenter`, and at the vendor's own paths."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.deps = deps
    for module in (users, domains):
        app.include_router(module.router, prefix="/partnercenter/v1")
    errors.install(app)
    app.add_middleware(Protocol)
    return app
