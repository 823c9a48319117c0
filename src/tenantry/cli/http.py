"""uvicorn's HTTP protocol, with a bound on what a client may send that is no body, and on how long it may take.

The parser keeps a line of the head, or of a chunked body's trailer, until it ends, and copies it at each read: without
a bound, 100 MB in one header keep the whole server busy for 10 seconds, and any number of headers fills the memory. And
who begins a thousand requests and ends none would keep a thousand connections: many systems let a server have no more.
"""

from __future__ import annotations

import asyncio
import re

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

LONGEST_HEAD = 65_536
"""Bytes; how long one line may be says `surfaces/shared/head.py`, which can answer in the words of its surface."""
LONGEST_WAIT = 120.0
"""Seconds: for a request, from its first byte to its last, while nobody but the client is slow."""
_LONGEST_FRAME = 16  # what a chunk of a body costs beside its content
_LINGER = 1.0
"""Seconds that a refused client may go on sending: hung up on at once, it would never read why."""
_WHOLE_TARGET = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE | re.DOTALL)


class BoundedProtocol(HttpToolsProtocol):
    """Answers 431 and hangs up after LONGEST_HEAD bytes, and what the first read brought, that are no body.

    Hangs up on a request that takes longer than `longest_wait`.
    """

    longest_wait = LONGEST_WAIT
    _no_body = 0
    _waits_since: float | None = None
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._waits_since = self.loop.time()
        self._watch = self.loop.call_later(self.longest_wait, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """One timer for each connection, however many requests come over it."""
        now = self.loop.time()
        since = now if self._waits_since is None or self.flow.read_paused else self._waits_since
        if now - since >= self.longest_wait:
            self.transport.abort()
        else:
            self._watch = self.loop.call_later(since + self.longest_wait - now, self._look)

    def on_message_begin(self) -> None:
        self._no_body = 0
        self._waits_since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if not self.url.startswith(b"/"):
            self._read_target()
        super().on_headers_complete()

    def _read_target(self) -> None:
        """The other forms of a target (RFC 9112 §3.2): of a whole address the host counts, not the header. What is no
        address of ours is left to be refused as `*`, which only OPTIONS may ask for.
        """
        whole = _WHOLE_TARGET.fullmatch(self.url)
        if whole is not None:
            hosts = [index for index, (name, _) in enumerate(self.headers) if name == b"host"]
            if len(hosts) == 1:
                self.headers[hosts[0]] = (b"host", whole[1])
            if whole[2] or self.parser.get_method() != b"OPTIONS":
                self.url = whole[2] if whole[2].startswith(b"/") else b"/" + whole[2]
                return
        self.url = b"*"

    def on_message_complete(self) -> None:
        self._waits_since = None
        super().on_message_complete()

    def on_body(self, body: bytes) -> None:
        self._no_body = max(0, self._no_body - len(body) - _LONGEST_FRAME)
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        self._no_body += len(data)
        if self._refused:
            if self._no_body > 16 * LONGEST_HEAD:
                self.transport.abort()
            return
        if self._waits_since is None:
            self._waits_since = self.loop.time()  # an empty line between two requests begins none
        super().data_received(data)
        if self._no_body > LONGEST_HEAD and not self.transport.is_closing():
            self._refuse(431, b"The head of the request is too long.")

    def _refuse(self, status: int, text: bytes) -> None:
        """The last answer of this connection, to a request that no surface sees."""
        self._refused = True
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(text)
            + text
        )
        self.loop.call_later(_LINGER, self.transport.close)
