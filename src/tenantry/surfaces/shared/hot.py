"""Plain endpoints for the few paths where a framework would cost more than the work.

`app.py` asks these before any mounted surface: an exact path by one dictionary lookup, patterns one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tenantry.access.actions import Action

if TYPE_CHECKING:
    from tenantry.surfaces.shared.deps import Deps
    from tenantry.surfaces.shared.long_answers import Stream


class HotAnswer(msgspec.Struct, frozen=True, gc=False):
    """One answer. Header names in lower case; Content-Length is added when it is sent."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]
    stream: Stream | None = None
    """What is sent in place of the body, in parts and without a length."""


After = Callable[[], Awaitable[None]]
"""What is left to do when an answer has been sent."""

HotEndpoint = Callable[["Deps", Scope, Receive, re.Match[str] | None], Awaitable[HotAnswer]]
"""Answers for itself, its surface's errors included. The match is None when the route has an exact path."""


@dataclass(frozen=True, slots=True)
class HotRoute:
    """`path` is exact, or a pattern that the whole path must match. Both see the path as sent, percent-decoded."""

    method: str
    path: str | re.Pattern[str]
    endpoint: HotEndpoint
    action: Action


class HotRoutes:
    """All of them, each with the name of its surface."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], tuple[str, HotRoute]] = {}
        self._patterns: list[tuple[str, re.Pattern[str], HotRoute]] = []

    def take(self, surface: str, routes: Iterable[HotRoute]) -> None:
        """These too."""
        for route in routes:
            if isinstance(route.path, str):
                self._exact[route.method, route.path] = (surface, route)
            else:
                self._patterns.append((surface, route.path, route))

    def __iter__(self) -> Iterator[HotRoute]:
        """Every route."""
        yield from (route for _, route in self._exact.values())
        yield from (route for _, _, route in self._patterns)

    def find_exact(self, method: str, path: str) -> tuple[str, HotRoute] | None:
        """Surface and route. Hot path."""
        return self._exact.get((method, path))

    def find(self, method: str, path: str) -> tuple[str, HotRoute | None, re.Match[str] | None]:
        """Surface, route, and the match of its pattern."""
        exact = self._exact.get((method, path))
        if exact is not None:
            return (*exact, None)
        for surface, pattern, route in self._patterns:
            if route.method == method and (match := pattern.fullmatch(path)):
                return surface, route, match
        return "", None, None

    def methods_at(self, path: str) -> set[str]:
        """All that this path takes."""
        exact = {method for method, known in self._exact if known == path}
        return exact | {route.method for _, pattern, route in self._patterns if pattern.fullmatch(path)}


def header(scope: Scope, name: bytes) -> str | None:
    """The first header called `name` (lower case), without outer blanks; None when there is none."""
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1").strip()
            return text
    return None


def json_answer(status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> HotAnswer:
    """`body` is JSON."""
    return HotAnswer(status, body, [(b"content-type", b"application/json"), *headers])


def answer_of(response: Response) -> HotAnswer:
    """What a framework's whole response says."""
    headers = [pair for pair in response.raw_headers if pair[0] != b"content-length"]
    return HotAnswer(response.status_code, bytes(response.body), headers)


def whole_headers(answer: HotAnswer) -> list[tuple[bytes, bytes]]:
    """With the length of the body, which a 204 has not (RFC 9110 §8.6)."""
    if answer.status == 204:
        return answer.headers
    return [*answer.headers, (b"content-length", b"%d" % len(answer.body))]


async def send_answer(send: Send, answer: HotAnswer) -> None:
    """Send all of it."""
    await send({"type": "http.response.start", "status": answer.status, "headers": whole_headers(answer)})
    await send({"type": "http.response.body", "body": answer.body})
