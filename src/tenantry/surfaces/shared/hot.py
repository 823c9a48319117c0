"""Plain ASGI endpoints for the few paths where a framework would cost more than the work.

`app.py` asks these before any mounted surface: an exact path by one dictionary lookup, patterns one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from tenantry.access.actions import Action

if TYPE_CHECKING:
    from tenantry.surfaces.shared.deps import Deps

HotEndpoint = Callable[["Deps", Scope, Receive, Send, re.Match[str] | None], Awaitable[None]]
"""Answers for itself, its surface's errors included. The match is None when the route has an exact path."""


@dataclass(frozen=True, slots=True)
class HotRoute:
    """`path` is exact, or a pattern that the whole path must match. Both see the path as sent, percent-decoded."""

    method: str
    path: str | re.Pattern[str]
    endpoint: HotEndpoint
    action: Action


def header(scope: Scope, name: bytes) -> str | None:
    """The first header called `name` (lower case), without outer blanks; None when there is none."""
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1").strip()
            return text
    return None


async def send_json(send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """One whole JSON answer. `headers` come after Content-Type and Content-Length; names in lower case."""
    await send_bytes(send, status, body, b"application/json", headers)


async def send_bytes(
    send: Send, status: int, body: bytes, content_type: bytes, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """One whole answer of any kind."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})
