"""Bodies that are sent in gzip or deflate, inflated piece by piece as they are read (RFC 9110 §8.4, §12.5.3).

Whoever reads a body stops at its limit, so that what a small body inflates to costs no more than a large one does; and
each piece is small. Google's Java client packs every body, also the empty one of a request that has none.
"""

from __future__ import annotations

import zlib

from starlette.types import Message, Receive, Send

from tenantry.core.errors import InvalidValue, PayloadTooLarge, UnknownCoding

_PIECE = 65_536
_MOST_IDLE = 65_536
"""Compressed bytes allowed beyond twice the inflated size: what inflates to nothing could be endless."""
TAKEN = (b"accept-encoding", b"gzip, deflate")
"""The header of a 415, which names the codings that are accepted."""
_WINDOWS = {b"gzip": 16 + zlib.MAX_WBITS, b"x-gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}
"""The window that zlib needs for each coding. `deflate` is zlib's format (RFC 9110 §8.4.1)."""


def inflating(coding: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the decoded body. Reading raises UnknownCoding, InvalidValue. `coding` is its
    Content-Encoding.
    """
    codings = [word.strip().lower() for word in coding.split(b",")]
    wanted = [word for word in codings if word and word != b"identity"]
    if not wanted:
        return receive
    return _Inflated(receive, _WINDOWS.get(wanted[0]) if len(wanted) == 1 else None)


def decoding(coding: bytes, receive: Receive, send: Send) -> tuple[Receive, Send]:
    """As `inflating`, and on a refusal for the coding, name the codings that are accepted."""

    async def send_told(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 415:
            message = {**message, "headers": [*message["headers"], TAKEN]}
        await send(message)

    return inflating(coding, receive), send_told


class _Inflated:
    """A `receive` in front of another one. Without a window, only an empty body can be read."""

    def __init__(self, receive: Receive, window: int | None) -> None:
        self._receive = receive
        self._window = window
        self._inflating = zlib.decompressobj(window) if window is not None else None
        self._packed = b""
        self._is_full = False
        self._is_last = False
        self._is_over = False
        self._came = 0
        self._gave = 0

    async def __call__(self) -> Message:
        if self._is_over:  # the body is over: what comes next is that the client goes away
            return await self._receive()
        while not (self._packed or self._is_full or self._is_last):
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            self._packed = message.get("body", b"")
            self._is_last = not message.get("more_body", False)
            self._came += len(self._packed)
        piece = self._inflate() if self._came else b""
        more = bool(self._packed) or self._is_full or not self._is_last
        if not more and self._came and self._inflating is not None and not self._inflating.eof:
            raise InvalidValue("The body ends before its coding does.", field="body")
        self._is_over = not more
        return {"type": "http.request", "body": piece, "more_body": more}

    def _inflate(self) -> bytes:
        if self._inflating is None:
            raise UnknownCoding(field="Content-Encoding")
        try:
            piece = self._inflating.decompress(self._packed, _PIECE)
        except zlib.error:
            raise InvalidValue("The body is not in the coding that Content-Encoding names.", field="body") from None
        self._packed = self._inflating.unconsumed_tail
        # Zlib may hold back more of what it has inflated.
        self._is_full = len(piece) == _PIECE and not self._inflating.eof
        self._gave += len(piece)
        if self._inflating.unused_data:
            raise InvalidValue("Something follows the end of the packed body.", field="body")
        if self._came - len(self._packed) > 2 * self._gave + _MOST_IDLE:
            raise PayloadTooLarge("The body is longer than what it holds.", field="body")
        return piece
