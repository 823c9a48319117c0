"""Does for the pages of the portal, which a framework routes, what the runner does for every declared operation.

1. HEAD is answered wherever GET is, as GET without its body; OPTIONS is answered wherever anything is, with `Allow`.
2. A method that an address does not take is refused with 405 and an `Allow` that names all it takes (RFC 9110 §9.3.2,
   §9.3.7, §15.5.6).
3. A request that is refused whatever it asks for (shared/head.py) is answered in the form, and with the headers, of
   every error.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from tenantry.surfaces.router import shown_methods
from tenantry.surfaces.shared.head import REFUSED
from tenantry.surfaces.shared.long_answers import HEAD_ONLY

if TYPE_CHECKING:
    from fastapi import FastAPI, Request


class _Methods:
    """The methods of all addresses."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._routes: list[tuple[re.Pattern[str], set[str]]] | None = None

    def at(self, path: str) -> set[str]:
        """The methods that routes have at this path."""
        if self._routes is None:
            from fastapi.routing import iter_route_contexts

            contexts = [context for context in iter_route_contexts(self._app.routes) if context.path is not None]
            self._routes = [(compile_path(each.path or "/")[0], each.methods or set()) for each in contexts]
        return {method for pattern, methods in self._routes if pattern.match(path) for method in methods}


class _HeadAsGet:
    """The innermost ASGI middleware, which answers HEAD as GET. A route that takes HEAD itself goes on doing so."""

    def __init__(self, app: ASGIApp, methods: _Methods) -> None:
        self._app = app
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD" and "HEAD" not in self._methods.at(scope["path"]):
            scope = {**scope, "method": "GET", HEAD_ONLY: True}
        await self._app(scope, receive, send)


class _RefusedRoute(BaseRoute):
    """The first route, which raises the reason for which a request is refused."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Every path, when the request is refused."""
        return (Match.FULL if REFUSED in scope else Match.NONE), {}

    async def handle(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        """Raise the reason."""
        raise scope[REFUSED]


def serve_methods(app: FastAPI) -> None:
    """Let the application do all of this, once it has its pages."""
    app.state.methods = methods = _Methods(app)
    app.user_middleware.append(Middleware(_HeadAsGet, methods))
    app.router.routes.insert(0, _RefusedRoute())


NoRoute = Callable[["Request", list[str]], Awaitable[Response]]
"""What makes the page where no route takes the request: 405 when the address takes these methods, 404 when it takes
none.
"""


def answering_no_route(form: NoRoute) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The handler of the framework's HTTPException, which says nothing true of other routes at the address."""

    async def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code not in (404, 405):
            raise error
        allowed = shown_methods(request.app.state.methods.at(request.scope["path"]))
        if allowed and request.method == "OPTIONS":
            return Response(headers={"Allow": ", ".join(allowed)})
        response = await form(request, allowed if request.method not in allowed else [])
        if response.status_code == 405:
            response.headers["Allow"] = ", ".join(allowed)
        return response

    return answer
