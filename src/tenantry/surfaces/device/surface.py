"""What answers below `/device` when it is not the hot route."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from tenantry.core.errors import DomainError
from tenantry.surfaces.device.errors import no_route, on_domain_error
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.methods import answering_no_route


def surface(deps: Deps) -> FastAPI:
    """Nothing is here."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.deps = deps
    app.add_exception_handler(DomainError, on_domain_error)
    app.add_exception_handler(HTTPException, answering_no_route(no_route))
    return app
