"""Answers that are as long as what a tenant has: lists without pages, files to keep.

1. `LongAnswers.begin` lets one caller have a few of them under way at once, and a tenant some more: RateLimited
   otherwise.
2. The answer is made a part at a time while it is sent, each part from a short read. Others have their turn between two
   parts, and the next part is made only when the reader has taken the last: however long the answer is, one part is all
   that is held. What must happen before, such as an event, belongs to the first part. A request for the head only
   (HEAD) gets the head, and no part is made.
3. A reader who stops reading is cut off, and one who goes away is noticed: either way the place is free again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import NamedTuple, Self

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from tenantry.core.caller import Caller
from tenantry.core.errors import RateLimited
from tenantry.core.ids import TenantId
from tenantry.core.log import get_logger

OF_CALLER = 2
OF_TENANT = 8
_RETRY_AFTER = 5
HEAD_ONLY = "tenantry.head_only"
"""The key in the scope of a page of which only the head is asked for, so that a long one need not be made."""
READING_SECONDS = 30.0
"""How long a reader may take for a part."""

_log = get_logger()


class LongAnswers:
    """The long answers that are under way in this process."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, ...], int] = {}

    def begin(self, caller: Caller, tenant_id: TenantId) -> Place:
        """Take a place for a long answer. Raises RateLimited. It is free again when the answer has been sent, or could
        not be made.
        """
        keys = (("tenant", tenant_id), ("caller", caller.tenant_id or "", caller.subject, caller.connector_id or ""))
        for key, most in zip(keys, (OF_TENANT, OF_CALLER), strict=True):
            if self._under_way.get(key, 0) >= most:
                raise RateLimited(
                    _RETRY_AFTER, f"At most {most} long answers are given at once. Wait for one to end, then retry."
                )
        for key in keys:
            self._under_way[key] = self._under_way.get(key, 0) + 1
        return Place(self, keys)

    def end(self, keys: tuple[tuple[str, ...], ...]) -> None:
        for key in keys:
            left = self._under_way[key] - 1
            if left:
                self._under_way[key] = left
            else:
                del self._under_way[key]

    @property
    def count(self) -> int:
        """How many are under way, of all tenants."""
        return sum(number for key, number in self._under_way.items() if key[0] == "tenant")


class Place:
    """A place for one long answer. As a context manager it frees itself at the end, unless an answer has taken
    it over.
    """

    __slots__ = ("_answers", "_keys", "_taken_over")

    def __init__(self, answers: LongAnswers, keys: tuple[tuple[str, ...], ...]) -> None:
        self._answers = answers
        self._keys = keys
        self._taken_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if not self._taken_over:
            self.free()

    def free(self) -> None:
        """Free the place; a second call does nothing."""
        keys, self._keys = self._keys, ()
        self._answers.end(keys)

    def stream(self, parts: AsyncIterator[str | bytes]) -> Stream:
        """The answer of an operation, to which the place belongs from now on."""
        self._taken_over = True
        return Stream(self, parts)

    def answer(self, parts: AsyncIterator[str | bytes], media_type: str, headers: Mapping[str, str]) -> LongAnswer:
        """The same, as a framework's response."""
        return LongAnswer(self.stream(parts), media_type, headers)


class Stream(NamedTuple):
    """The parts of an answer that have still to be made, and the place that it takes meanwhile."""

    place: Place
    parts: AsyncIterator[str | bytes]

    async def send(self, start: Message, scope: Scope, receive: Receive, send: Send, *, head_only: bool) -> None:
        """Send the answer, beginning with `start`, its `http.response.start`. When something fails after the first
        part, the connection is broken off, so that no reader takes the answer for whole.
        """
        gone = asyncio.create_task(_until_gone(receive))
        try:
            async with aclosing(self.parts) as parts:  # type: ignore[type-var]
                first = b"" if head_only else await anext(parts, b"")  # a failure here can still be answered
                await send(start)
                if head_only:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    return
                async for part in _followed(first, parts):
                    body = part.encode() if isinstance(part, str) else part
                    async with asyncio.timeout(READING_SECONDS):
                        await send({"type": "http.response.body", "body": body, "more_body": True})
                    await asyncio.sleep(0)  # a reader who takes it all at once would keep others waiting
                    if gone.done():
                        return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            _log.warning("an answer was not read", path=ascii(scope["path"])[1:-1], seconds=READING_SECONDS)
            raise
        finally:
            gone.cancel()
            self.place.free()


class LongAnswer(Response):
    """A response with status 200 that is sent in parts."""

    def __init__(self, stream: Stream, media_type: str, headers: Mapping[str, str]) -> None:
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self._stream = stream
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await self._stream.send(start, scope, receive, send, head_only=bool(scope.get(HEAD_ONLY)))


async def _followed(first: str | bytes, others: AsyncIterator[str | bytes]) -> AsyncIterator[str | bytes]:
    yield first
    async for part in others:
        yield part


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
