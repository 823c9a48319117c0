"""The portal's application, which a framework routes: made when the first request comes for it, or by `load`.

What it is made of is heavy (FastAPI, the pages and their libraries), and no declared operation needs it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from tenantry.access.actions import Action
from tenantry.outbox.sender import Sender
from tenantry.surfaces.shared.answers import send_answer, without_body
from tenantry.surfaces.shared.coding import decoding
from tenantry.surfaces.shared.cookies import take_cookies
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.head import CODING
from tenantry.surfaces.shared.request_log import log_failure, log_request
from tenantry.surfaces.shared.routing import action_of

if TYPE_CHECKING:
    from fastapi import FastAPI

SURFACE = "portal"


class Route(NamedTuple):
    """One route of the running app. `path` is the full path."""

    method: str
    path: str
    action: Action | None
    endpoint: Callable[..., Any]


class Pages:
    """Answers whatever no declared operation answers: the portal's pages."""

    def __init__(self, deps: Deps, sender: Sender) -> None:
        self._deps = deps
        self._sender = sender
        self._app: FastAPI | None = None
        self._making = threading.Lock()

    def load(self) -> FastAPI:
        """Make the application if it is not there yet. That takes most of a second, and may run in a thread beside
        requests.
        """
        with self._making:
            if self._app is None:
                self._app = import_module("tenantry.surfaces.portal.surface").surface(self._deps)
            return self._app

    def routes(self) -> list[Route]:
        """The routes of all pages and forms."""
        from fastapi.routing import iter_route_contexts

        return [
            Route(method, route.path or "/", action_of(route.endpoint), route.endpoint)
            for route in iter_route_contexts(self.load().routes)
            if route.endpoint is not None
            for method in sorted((route.methods or set()) - {"HEAD"})
        ]

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        started = time.perf_counter()
        if CODING in scope:
            receive, send = decoding(scope[CODING], receive, send)
        if scope["method"] == "HEAD":
            send = without_body(send)
        answer = _Answer(send)
        take_cookies(scope)
        try:
            app = self._app if self._app is not None else await asyncio.to_thread(self.load)
            with self._sender.listening():
                await app(scope, receive, answer)
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - logged in full there
            failed = log_failure(scope)
            if not answer.begun:
                await send_answer(answer, failed)
        self._deps.metrics.count(SURFACE, answer.status, obtains_token=False)
        log_request(scope, SURFACE, answer.status, time.perf_counter() - started)


class _Answer:
    """Passes an answer on and remembers its status; 500 until it has begun."""

    __slots__ = ("begun", "send", "status")

    def __init__(self, send: Send) -> None:
        self.send = send
        self.status = 500
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.begun = True
        await self.send(message)
