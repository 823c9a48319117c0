"""Requests that this server makes: to addresses that people typed in, so never into its own network.

1. The host is resolved once, every address of it is checked, and that very address is connected to (no rebinding).
2. https only, with the host's certificate; no redirects are followed, no proxies asked, no cookies kept.
3. An answer has a deadline, however slowly it drips, and a size. Setting `outgoing_private_addresses` opens private
   networks and plain http; the demo opens one address, its own receiver.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from typing import NamedTuple
from urllib.parse import quote_plus, urlencode, urlsplit

MAX_ANSWER = 1_048_576
DEADLINE_SECONDS = 10.0
MOST_AT_ONCE = 40
"""Threads, made as they are needed; more requests than these wait for one."""
MOST_NAMES_AT_ONCE = 16
"""Threads that look names up: nothing cuts a look-up short, so whoever waits for it goes, and the thread stays."""
_STEP_SECONDS = 5.0
_UNICAST = ipaddress.ip_network("2000::/3")
_PORTS = {"https": 443, "http": 80}


class Unreachable(Exception):
    """There is no answer, it is too long, or the address is not one this server goes to. The text says which."""


class Reply(NamedTuple):
    """What came back, whatever its status."""

    status: int
    body: bytes


class _Exchange:
    """A connection, and its end from another thread: waiting for one more byte never adds up to waiting for ever."""

    def __init__(self, host: str, port: int, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        self.connection = http.client.HTTPConnection(host, port, timeout=_STEP_SECONDS)
        self.sock: socket.socket | None = None  # the connection lets go of its own before the body is read
        self.is_cut = False

    def take(self, sock: socket.socket) -> None:
        """Use this one, until the next. Raises TimeoutError when the cut came before it, and so has missed it."""
        self.sock = self.connection.sock = sock
        self.check()

    def check(self) -> None:
        """Raises TimeoutError after the cut."""
        if self.is_cut:
            raise TimeoutError

    def cut(self) -> None:
        """Whoever reads or writes finds the connection closed."""
        self.is_cut = True
        if self.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # TLS is not asked: the reader is inside it


class OutgoingHttp:
    """Works in threads of its own, and looks names up in others. Every method raises Unreachable.

    `open_to` is one address, without a query, that may be private and plain http in any case.
    """

    def __init__(self, *, allow_private: bool = False, open_to: str | None = None) -> None:
        self._allow_private = allow_private
        self._open_to = open_to
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, "outgoing")
        self._names = ThreadPoolExecutor(MOST_NAMES_AT_ONCE, "names")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made at the first https request: reading the machine's certificates takes some forty milliseconds."""
        return ssl.create_default_context()

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, deadline: float = DEADLINE_SECONDS
    ) -> Reply:
        """GET, asking for JSON unless `headers` say otherwise; `deadline` in seconds."""
        return await self._ask("GET", url, None, {"Accept": "application/json", **(headers or {})}, deadline)

    async def post_form(self, url: str, fields: Mapping[str, str], *, basic: tuple[str, str] | None = None) -> Reply:
        """POST a urlencoded form. `basic`: id and secret of a client (RFC 6749 §2.3.1)."""
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if basic is not None:
            pair = ":".join(quote_plus(part) for part in basic)
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return await self._ask("POST", url, urlencode(fields).encode(), headers, DEADLINE_SECONDS)

    async def post_json(self, url: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> Reply:
        """POST what is JSON already."""
        sent = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        return await self._ask("POST", url, body, sent, DEADLINE_SECONDS)

    def check(self, url: str) -> None:
        """Whether the address is of the right form. Nothing is asked of anybody."""
        self._parse(url)

    def _parse(self, url: str) -> tuple[str, str, int, str]:
        """Scheme, host, port, path with query."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise Unreachable("the address is malformed") from None
        if parts.scheme not in _PORTS or (parts.scheme == "http" and not self._allows_private(url)):
            raise Unreachable("the address is not https")
        if not host or parts.username is not None or any(not "!" <= character <= "~" for character in url):
            raise Unreachable("the address is malformed")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return parts.scheme, host, port or _PORTS[parts.scheme], path

    def _allows_private(self, url: str) -> bool:
        return self._allow_private or url.partition("?")[0] == self._open_to

    async def _ask(self, method: str, url: str, body: bytes | None, headers: dict[str, str], deadline: float) -> Reply:
        scheme, host, port, path = self._parse(url)
        loop = asyncio.get_running_loop()
        exchange = _Exchange(host, port, allow_private=self._allows_private(url))
        cutting = loop.call_later(deadline, exchange.cut)
        try:
            addresses = await self._look_up(host, port, deadline)
            sending = (exchange, addresses, scheme, method, path, body, headers)
            return await loop.run_in_executor(self._threads, self._send, *sending)
        finally:
            cutting.cancel()

    async def _look_up(self, host: str, port: int, deadline: float) -> list[str]:
        """Every address of the host."""
        with suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        loop = asyncio.get_running_loop()
        asking = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(deadline):
                found = await loop.run_in_executor(self._names, asking)
        except TimeoutError:
            raise Unreachable("no answer: it took too long") from None
        except (OSError, ValueError) as error:
            raise Unreachable(f"no answer: {type(error).__name__}") from None
        return [str(entry[4][0]) for entry in found]

    def _send(
        self,
        exchange: _Exchange,
        addresses: list[str],
        scheme: str,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> Reply:
        connection = exchange.connection
        try:
            sock = self._connect(exchange, addresses)
            exchange.take(sock)
            if scheme == "https":
                sock = self._tls.wrap_socket(sock, server_hostname=connection.host, do_handshake_on_connect=False)
                exchange.take(sock)
                sock.do_handshake()
            connection.request(method, path, body, headers)
            received = bytearray()
            with connection.getresponse() as answer:
                while chunk := answer.read1(65_536):
                    received += chunk
                    if len(received) > MAX_ANSWER:
                        raise Unreachable("the answer is too long")
            if exchange.is_cut:
                raise Unreachable("the answer took too long")
            return Reply(answer.status, bytes(received))
        except (OSError, ValueError, http.client.HTTPException) as error:
            why = "it took too long" if exchange.is_cut else type(error).__name__
            raise Unreachable(f"no answer: {why}") from None
        finally:
            connection.close()

    def _connect(self, exchange: _Exchange, addresses: list[str]) -> socket.socket:
        """To the first address that answers, when all of them may be gone to. Who names many gets no more time."""
        exchange.check()  # it may have waited for its thread
        if not exchange.allow_private and not all(_is_public(address) for address in addresses):
            raise Unreachable("the address is in a private network")
        error: OSError = OSError("no address")
        for address in addresses:
            exchange.check()
            try:
                return socket.create_connection((address, exchange.connection.port), timeout=_STEP_SECONDS)
            except OSError as refused:
                error = refused
        raise error


def _is_public(address: str) -> bool:
    """IPv4 in IPv6 counts as what it leads to. Of IPv6 only what IANA gives out as global unicast: translators (NAT64),
    IPv4-compatible and site-local addresses lead anywhere.
    """
    parsed = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None) or parsed
    if inner.version == 6 and inner not in _UNICAST:
        return False
    return bool(inner.is_global) and not inner.is_multicast
