"""A receiver of webhooks on 127.0.0.1, and what it was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.support.server import a_running_server


@dataclass
class Receiver:
    """`status` and `headers` are what it answers events with; `echo` spoils its answer to the handshake."""

    address: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    echo: str = "{token}"
    handshakes: list[dict[str, str]] = field(default_factory=list)
    """The query of each, and the callback token as `header`."""
    events: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Events are answered once it is set."""

    @property
    def url(self) -> str:
        return f"{self.address}/hook"

    def app(self) -> Starlette:
        self.open.set()
        return Starlette(routes=[Route("/hook", self._shake), Route("/hook", self._take, methods=["POST"])])

    async def until(self, count: int) -> list[dict[str, Any]]:
        """The events, once there are so many."""
        async with asyncio.timeout(10):
            while len(self.events) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return self.events

    async def _shake(self, request: Request) -> Response:
        self.handshakes.append({**request.query_params, "header": request.headers.get("kz-callback-token", "")})
        return PlainTextResponse(self.echo.format(token=request.query_params.get("validationToken", "")))

    async def _take(self, request: Request) -> Response:
        self.events.append(json.loads(await request.body()))
        self.tokens.append(request.headers.get("kz-callback-token"))
        self.arrived.set()
        await self.open.wait()
        return Response(status_code=self.status, headers=self.headers)


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()

    async def make_app(address: str) -> Any:
        receiver.address = address
        return receiver.app()

    async with a_running_server(make_app):
        yield receiver
