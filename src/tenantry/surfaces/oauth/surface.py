"""What answers at a token endpoint's address when no route does."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tenantry.surfaces.oauth import HOT
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import HotRoute


def surface(deps: Deps) -> FastAPI:
    """Answers what none of the routes takes: 405 for their paths, else 404."""
    app = FastAPI(openapi_url=None)
    app.state.deps = deps
    app.add_exception_handler(HTTPException, _no_route)
    return app


async def _no_route(request: Request, _error: Exception) -> JSONResponse:
    allowed = sorted(route.method for route in HOT if _is_at(route, request.url.path))
    if not allowed:
        body = {"error": "not_found", "error_description": "There is nothing at this address."}
        return JSONResponse(body, 404)
    description = f"Use {' or '.join(allowed)} here."
    return JSONResponse(
        {"error": "invalid_request", "error_description": description}, 405, {"allow": ", ".join(allowed)}
    )


def _is_at(route: HotRoute, path: str) -> bool:
    return route.path == path if isinstance(route.path, str) else route.path.fullmatch(path) is not None
