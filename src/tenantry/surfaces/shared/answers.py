"""What a declared operation answers, and how it is sent; headers of a request that no framework has looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response
from starlette.types import Message, Scope, Send

if TYPE_CHECKING:
    from tenantry.surfaces.shared.long_answers import Stream


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The response to one request. Header names are in lower case; Content-Length is added when it is sent."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]
    stream: Stream | None = None
    """What is sent in place of the body, in parts and without a length."""


After = Callable[[], Awaitable[None]]
"""Work that is left to do when an answer has been sent."""


def header(scope: Scope, name: bytes) -> str | None:
    """The first header called `name` (lower case), without outer blanks; None when there is none."""
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1").strip()
            return text
    return None


def json_answer(status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    """A response whose body is JSON."""
    return Answer(status, body, [(b"content-type", b"application/json"), *headers])


def bug_answer(correlation_id: str) -> Answer:
    """The response to a bug: it has the id under which the log has everything."""
    body = msgspec.json.encode({"error": "server_error", "correlation_id": correlation_id})
    return json_answer(500, body, [(b"x-correlation-id", correlation_id.encode())])


def answer_of(response: Response) -> Answer:
    """A framework's whole response as an Answer."""
    headers = [pair for pair in response.raw_headers if pair[0] != b"content-length"]
    return Answer(response.status_code, bytes(response.body), headers)


def whole_headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    """The headers, with the length of the body, which a 204 has not (RFC 9110 §8.6)."""
    if answer.status == 204:
        return answer.headers
    return [*answer.headers, (b"content-length", b"%d" % len(answer.body))]


async def send_answer(send: Send, answer: Answer) -> None:
    """Send the whole response."""
    await send({"type": "http.response.start", "status": answer.status, "headers": whole_headers(answer)})
    await send({"type": "http.response.body", "body": answer.body})


def without_body(send: Send) -> Send:
    """What sends the response to HEAD: the head that GET has, its length included, and no body."""
    is_over = False

    async def send_head(message: Message) -> None:
        nonlocal is_over
        if message["type"] == "http.response.start":
            await send(message)
        if not is_over:
            is_over = True
            await send({"type": "http.response.body", "body": b""})

    return send_head
