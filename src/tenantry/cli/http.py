"""uvicorn's HTTP protocol, with limits: on what a client sends besides a body, on the time it takes, and on its
connections (connections.py).

The parser keeps a line of the head, or of a chunked body's trailer, until the line ends, and copies it at each read.
Without a bound, 100 MB in one header keep the whole server busy for 10 seconds, and any number of headers fills the
memory. And a client that begins a thousand requests and ends none would hold a thousand connections, all that many
systems allow a server.
"""

from __future__ import annotations

import asyncio
import re
import sys
from ipaddress import IPv6Address

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tenantry.cli.connections import Connections

LONGEST_HEAD = 65_536
"""How many bytes a request may have besides its body. `surfaces/shared/head.py` says how long one line may be, since it
can answer in the form of the request's surface.
"""
LONGEST_WAIT = 120.0
"""Seconds that a request may take from its first byte to its last, and that an answer may wait for room to send more of
it, while nobody but the client is slow.
"""
LONGEST_HEAD_WAIT = 15.0
"""Seconds from the beginning of the connection, or from the first byte of a later request, to the end of the request's
head.
"""
FEWEST_CONNECTIONS = 64
"""How many connections are allowed at least, however few files the process may open."""
_LONGEST_FRAME = 16  # what a chunk of a body costs beside its content
_LINGER = 1.0
"""Seconds that a refused client may go on sending: a client that is cut off at once would not read the answer."""
_WHOLE_TARGET = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE | re.DOTALL)


class BoundedProtocol(HttpToolsProtocol):
    """Answers 431 and hangs up after LONGEST_HEAD bytes that belong to no body; the first read may bring some more.

    It hangs up on a request that takes longer than `longest_wait`, on a head that takes longer than
    `longest_head_wait`, on a client that takes nothing of its answer for `longest_wait`, and on one that asks nothing
    more for uvicorn's `timeout_keep_alive`.
    """

    open_connections: Connections
    longest_wait = LONGEST_WAIT
    longest_head_wait = LONGEST_HEAD_WAIT
    _address: str | None = None
    _no_body = 0
    _waits_since: float | None = None
    _rests_since: float | None = None
    _has_head = False
    _body_follows = False
    _reading = b""
    _stuck_since: float | None = None
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._waits_since = self.loop.time()
        self._watch = self.loop.call_later(self.longest_head_wait, self._look)
        if self.client is not None:
            self.client = (_as_ipv4(self.client[0]), self.client[1])
        self._address = self.open_connections.address_of(self.client[0] if self.client else "")
        self.open_connections.enter(self, self._address)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.cancel()
        self._leave()
        super().connection_lost(exc)

    def hang_up(self) -> None:
        """Close the connection, because there are too many."""
        self._leave()
        self.transport.abort()

    def _leave(self) -> None:
        if self._address is not None:
            self.open_connections.leave(self, self._address)
            self._address = None

    def _look(self) -> None:
        """Look whether the client has used up its time. Each connection has one timer, however many requests come over
        it: a timer for each request would cost a tenth of it. No wait is shorter than the time between two looks, so
        each end is seen in time.
        """
        now = self.loop.time()
        ends = now + min(self.longest_head_wait, self.timeout_keep_alive)
        if self._rests_since is not None:
            ends = min(ends, self._rests_since + self.timeout_keep_alive)
        if self._stuck_since is not None:
            ends = min(ends, self._stuck_since + self.longest_wait)
        if self._waits_since is not None and not self.flow.read_paused:
            ends = min(ends, self._waits_since + (self.longest_wait if self._has_head else self.longest_head_wait))
        if ends <= now:
            self.transport.abort()
        else:
            self._watch = self.loop.call_later(ends - now, self._look)

    def pause_writing(self) -> None:
        self._stuck_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stuck_since = None
        super().resume_writing()

    def on_message_begin(self) -> None:
        self._no_body = 0
        self._waits_since = self.loop.time()
        self._has_head = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._has_head = True
        upgrades = self.parser.should_upgrade()
        if upgrades:
            self._body_follows = self._has_body()
        if self._address is not None:
            self.open_connections.work(self, self._address)
        if self.url[:1] != b"/":
            self._read_target()
        super().on_headers_complete()
        if upgrades:
            self.cycle.keep_alive = False

    def _read_target(self) -> None:
        """Read the other forms of a request's target (RFC 9112 §3.2). When it is a whole address, the host in it
        counts, not the header. A target that is no address of this server becomes `*`, which is refused to all methods
        but OPTIONS.
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

    def on_response_complete(self) -> None:
        """As uvicorn's, but without a timer for each pause."""
        self.server_state.total_requests += 1
        if self._address is not None:
            self.open_connections.rest(self, self._address)
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self._waits_since is None:
            self._rests_since = self.loop.time()

    def _has_body(self) -> bool:
        framing = dict(self.headers)
        return b"transfer-encoding" in framing or framing.get(b"content-length", b"0").strip(b"0") != b""

    def _unsupported_upgrade_warning(self) -> None:
        """Called where the request also asks for another protocol, as Java's own client does, which is ignored (RFC
        9110 §7.8).

        The parser takes all that follows the head for the other protocol, so that the body would be read as the next
        request. Therefore a parser of its own reads the body, and the connection ends with the answer.
        """
        if not self._body_follows:
            return
        met = sys.exception()
        rest = self._reading[met.args[0] :] if isinstance(met, httptools.HttpParserUpgrade) else b""
        framing = dict(self.headers)
        names = [name for name in (b"transfer-encoding", b"content-length") if name in framing]
        self.parser = httptools.HttpRequestParser(_Body(self))
        try:
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b: %b\r\n\r\n" % (names[0], framing[names[0]]))
            self.parser.feed_data(rest)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def end_body(self) -> None:
        """Called when the body that followed such a head is whole."""
        self._body_follows = False
        self.on_message_complete()

    def on_message_complete(self) -> None:
        if self._body_follows:
            return
        self._waits_since = None
        if self.cycle.response_complete:  # who was refused before it had sent its whole body
            self._rests_since = self.loop.time()
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
        self._rests_since = None
        if self._waits_since is None:
            self._waits_since = self.loop.time()  # an empty line before a request is not its beginning
        self._reading = data
        super().data_received(data)
        if self._no_body > LONGEST_HEAD and not self.transport.is_closing():
            self._refuse(431, b"The head of the request is too long.")

    def _refuse(self, status: int, text: bytes) -> None:
        """Send the last answer of this connection, to a request that no surface sees."""
        self._refused = True
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(text)
            + text
        )
        self.loop.call_later(_LINGER, self.transport.close)


def _as_ipv4(address: str) -> str:
    """The address of an IPv4 client as settings and people write it. A socket for both kinds of addresses shows it
    mapped into IPv6.
    """
    if not address.startswith("::ffff:"):
        return address
    mapped = IPv6Address(address.partition("%")[0]).ipv4_mapped
    return address if mapped is None else str(mapped)


class _Body:
    """What a parser calls that reads the rest of a request whose head is known."""

    def __init__(self, protocol: BoundedProtocol) -> None:
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.end_body
