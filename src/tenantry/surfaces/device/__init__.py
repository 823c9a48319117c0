"""What a device policy client calls, without an account of its own: the token it brings is the permission."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from tenantry.surfaces.device.errors import on_unknown_path
from tenantry.surfaces.device.provision import HOT
from tenantry.surfaces.shared.deps import Deps

__all__ = ["HOT", "surface"]


def surface(deps: Deps) -> FastAPI:
    """Answers what is not a hot route."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.deps = deps
    app.add_exception_handler(HTTPException, on_unknown_path)
    return app
