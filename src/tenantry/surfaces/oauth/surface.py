"""What answers at a token endpoint's address when no route does."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tenantry.core.errors import DomainError
from tenantry.surfaces.oauth import errors
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.methods import answering_no_route
from tenantry.surfaces.shared.origin import origin_of


def surface(deps: Deps) -> FastAPI:
    """Answers what none of the routes takes: 405 for their paths, else 404."""
    app = FastAPI(openapi_url=None)
    app.state.deps = deps
    app.add_exception_handler(DomainError, _refuse)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, answering_no_route(_no_route))
    return app


async def _refuse(request: Request, error: DomainError) -> Response:
    """What is refused before a route sees it. In AAD's form, which holds RFC 6749's keys."""
    line = errors.line_of(error)
    if line is None:
        raise error
    body = errors.aad_body(error, line, origin_of(request.scope), deps_of(request).clock())
    return Response(body, line.status, media_type="application/json")


async def _no_route(_request: Request, allowed: list[str]) -> JSONResponse:
    if not allowed:
        body = {"error": "not_found", "error_description": "There is nothing at this address."}
        return JSONResponse(body, 404)
    description = f"Use {' or '.join(method for method in allowed if method in ('GET', 'POST'))} here."
    return JSONResponse({"error": "invalid_request", "error_description": description}, 405)
