"""Which methods an address takes, the same for every surface (RFC 9110 §9.1, §9.3.2, §9.3.7, §10.2.1, §15.5.6).

1. HEAD is answered wherever GET is, as GET without its body.
2. OPTIONS is answered wherever anything is, with `Allow`. `OPTIONS *` asks for the server as a whole.
3. What an address does not take is refused with 405 and an `Allow` that names all it takes, hot routes' too.

Each surface brings a path to its own form first, so that what stands there is only known inside of it: `serve_methods`
is called with each surface when it is made. What no hot route takes ends in the surface's `no_route`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenantry.surfaces.shared.hot import HotRoutes

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

ALL = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What some address takes."""
HEAD_ONLY = "tenantry.head_only"
"""Set where a route of GET is asked for its head: what is long need not be made."""
_ASKED = "tenantry.asked_path"
"""The path as it was sent, which hot routes go by."""


class _Methods:
    """Of one surface."""

    def __init__(self, app: FastAPI, hot: HotRoutes) -> None:
        self._app = app
        self._hot = hot
        self._routes: list[tuple[re.Pattern[str], set[str]]] | None = None

    def at(self, scope: Scope) -> set[str]:
        """As the routes name them."""
        if self._routes is None:
            from fastapi.routing import iter_route_contexts

            contexts = [context for context in iter_route_contexts(self._app.routes) if context.path is not None]
            self._routes = [(compile_path(each.path or "/")[0], each.methods or set()) for each in contexts]
        found = self._hot.methods_at(scope.get(_ASKED, scope["path"]))
        for pattern, methods in self._routes:
            if pattern.match(scope["path"]):
                found |= methods
        return found


class _HeadAsGet:
    """ASGI middleware, the innermost of a surface. A route that takes HEAD itself goes on doing so."""

    def __init__(self, app: ASGIApp, methods: _Methods) -> None:
        self._app = app
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD" and "HEAD" not in self._methods.at(scope):
            scope = {**scope, "method": "GET", HEAD_ONLY: True}
        await self._app(scope, receive, send)


def serve_methods(app: FastAPI, hot: HotRoutes) -> None:
    """Let the surface answer HEAD, and know what its addresses take."""
    app.state.methods = methods = _Methods(app, hot)
    app.user_middleware.append(Middleware(_HeadAsGet, methods))


NoRoute = Callable[["Request", list[str]], Awaitable[Response]]
"""The surface's own answer for what no route takes: 405 when the address takes these methods, 404 for none."""


def answering_no_route(form: NoRoute) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The surface's handler of the router's HTTPException, which says nothing true of other routes at the address."""

    async def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code not in (404, 405):
            raise error
        allowed = shown(request.app.state.methods.at(request.scope))
        if allowed and request.method == "OPTIONS":
            return Response(headers={"Allow": ", ".join(allowed)})
        response = await form(request, allowed if request.method not in allowed else [])
        if response.status_code == 405:
            response.headers["Allow"] = ", ".join(allowed)
        return response

    return answer


def shown(methods: set[str]) -> list[str]:
    """What `Allow` names where routes take these; empty for none."""
    return sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())) if methods else []


def keep_asked(scope: Scope) -> None:
    """Before a surface changes the path."""
    scope[_ASKED] = scope["path"]


def without_body(send: Send) -> Send:
    """The answer to HEAD: the head that GET has, its length included, and nothing behind it."""
    is_over = False

    async def send_head(message: Message) -> None:
        nonlocal is_over
        if message["type"] == "http.response.start":
            await send(message)
        if not is_over:
            is_over = True
            await send({"type": "http.response.body", "body": b""})

    return send_head
