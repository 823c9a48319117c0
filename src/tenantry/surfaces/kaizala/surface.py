"""Kaizala's REST API below `/kaizala`. Source: Kaizala contract §0 (what every endpoint must bear) and §3.

Clients append `v1/...` or `/v1/...` to a root that ends with a slash, in any letter case, with or without a final
slash: the door makes one form of it before a route is looked for. Group, user and connector ids are lower-case GUIDs,
so the lower-cased path keeps them whole.
"""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenantry.core.errors import DomainError
from tenantry.core.log import get_logger
from tenantry.surfaces.kaizala import accounts, errors, groups, members, oauth_token, subscribers, webhooks
from tenantry.surfaces.kaizala.not_offered import NOT_OFFERED
from tenantry.surfaces.shared.denials import note_denial
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.methods import answering_no_route
from tenantry.surfaces.shared.origin import origin_of

_CORS_HEADERS = (
    "accessToken",
    "applicationId",
    "applicationSecret",
    "refreshToken",
    "authorization",
    "content-type",
    "cache-control",
)
_SLASHES = re.compile("/{2,}")
_log = get_logger()


def surface(deps: Deps) -> FastAPI:
    """The sub-application; `app.py` hangs `deps` on its state."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for module in (accounts, oauth_token, groups, members, subscribers, webhooks):
        app.include_router(module.router)
    app.add_exception_handler(DomainError, _refuse)
    app.add_exception_handler(HTTPException, answering_no_route(_refuse_route))
    app.add_middleware(_Door)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=deps.settings.cors_origins,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=_CORS_HEADERS,
        expose_headers=["Retry-After", "X-Correlation-Id"],
        max_age=600,
    )
    return app


class _Door:
    """One form of each path on the way in; on the way out the correlation id, and an error body even for a bug."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["path"] = _SLASHES.sub("/", scope["path"]).rstrip("/").lower() or "/"
        correlation_id = origin_of(scope).correlation_id
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message["headers"], (b"x-correlation-id", correlation_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            raise
        except Exception as error:  # logged in full here, answered with the id only
            _log.exception("unexpected error", path=ascii(scope["path"])[1:-1], correlation_id=correlation_id)
            if begun:
                raise
            await errors.response_to(error, correlation_id)(scope, receive, answer)


async def _refuse(request: Request, error: Exception) -> Response:
    """Every DomainError. A denial of a proven caller goes to the trail."""
    correlation_id = origin_of(request.scope).correlation_id
    caller = getattr(request.state, "caller", None)
    if caller is not None and isinstance(error, DomainError):
        await note_denial(deps_of(request), caller, error)
    return errors.response_to(error, correlation_id)


async def _refuse_route(request: Request, allowed: list[str]) -> Response:
    """No such path, or not with this method."""
    return errors.no_route(405 if allowed else 404, NOT_OFFERED.find(request.method, request.url.path))
