"""Sends one request and reads its answer, in a thread of its own: the part of `core/http.py` that waits for sockets."""

from __future__ import annotations

import http.client
import socket
import ssl
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from tenantry.core.addresses import is_public

MAX_ANSWER = 1_048_576
STEP_SECONDS = 5.0
_MOST_INTERIM = 20
_MOST_CODINGS = 2


class Unreachable(Exception):
    """There is no answer, it is too long, or this server does not send to the address. The text says which."""


class Reply(NamedTuple):
    """An answer, whatever its status. Names of `headers` are in lower case; of a header that comes several times the
    first counts.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def media_type(self) -> str:
        """The media type, as in `application/json`; empty when there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Sending(NamedTuple):
    """A request. Without `wants_body` only the status of the answer counts: its body may be endless, or break off."""

    scheme: str
    method: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]
    wants_body: bool


class _Answer(http.client.HTTPResponse):
    """An answer, past the interim ones such as 103 (RFC 9110 §15.2). 101 is no interim answer: no other protocol was
    asked for.
    """

    def begin(self) -> None:
        for _ in range(_MOST_INTERIM):
            super().begin()
            if not 100 <= self.status < 200 or self.status == http.client.SWITCHING_PROTOCOLS:
                return
            self.headers = self.msg = None  # type: ignore[assignment]  # as before the first one
        raise http.client.HTTPException("nothing but interim answers")


class Exchange:
    """A connection that another thread can cut, so that waiting for one more byte again and again does not become
    waiting for ever.
    """

    def __init__(self, host: str, port: int, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._connection = http.client.HTTPConnection(host, port, timeout=STEP_SECONDS)
        self._connection.response_class = _Answer
        self._sock: socket.socket | None = None  # kept here, since the connection drops its own before the body is read
        self._is_cut = False

    def cut(self) -> None:
        """Close the connection under whoever reads or writes."""
        self._is_cut = True
        if self._sock is not None:
            with suppress(OSError):
                # The plain socket is shut down: the thread that reads is inside TLS.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def send(self, addresses: list[str], sending: Sending, tls: Callable[[], ssl.SSLContext]) -> Reply:
        """Send the request and answer the reply. Raises Unreachable."""
        connection = self._connection
        try:
            sock = self._connect(addresses)
            self._take(sock)
            if sending.scheme == "https":
                sock = tls().wrap_socket(sock, server_hostname=connection.host, do_handshake_on_connect=False)
                self._take(sock)
                sock.do_handshake()
            connection.request(sending.method, sending.path, sending.body, sending.headers)
            with connection.getresponse() as answer:
                headers: dict[str, str] = {}
                for name, value in answer.getheaders():
                    headers.setdefault(name.lower(), value)
                body = self._read(answer) if sending.wants_body else b""
            return Reply(answer.status, _decoded(body, headers.get("content-encoding", "")), headers)
        except (OSError, ValueError, http.client.HTTPException) as error:
            why = "it took too long" if self._is_cut else type(error).__name__
            raise Unreachable(f"no answer: {why}") from None
        finally:
            connection.close()

    def _connect(self, addresses: list[str]) -> socket.socket:
        """Connect to the first address that answers, when this server may send to all of them. A host with many
        addresses gets no more time.
        """
        self._check()  # the time may be over already, from waiting for a thread
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise Unreachable("the address is in a private network")
        error: OSError = OSError("no address")
        for address in addresses:
            self._check()
            try:
                return socket.create_connection((address, self._connection.port), timeout=STEP_SECONDS)
            except OSError as refused:
                error = refused
        raise error

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        received = bytearray()
        while chunk := answer.read1(65_536):
            received += chunk
            if len(received) > MAX_ANSWER:
                raise Unreachable("the answer is too long")
        if self._is_cut:
            raise Unreachable("the answer took too long")
        if answer.length:
            raise Unreachable("the answer broke off")
        return bytes(received)

    def _take(self, sock: socket.socket) -> None:
        """Use this socket, until the next one. Raises TimeoutError when the cut came before, since it did not close
        this socket.
        """
        self._sock = self._connection.sock = sock
        self._check()

    def _check(self) -> None:
        """Raise TimeoutError when the connection was cut."""
        if self._is_cut:
            raise TimeoutError


def _decoded(body: bytes, codings: str) -> bytes:
    """The body without its content codings (RFC 9110 §8.4), within the same largest size. Raises Unreachable. No
    request asks for a coding; some hosts use one all the same.
    """
    names = [name for name in (part.strip().lower() for part in codings.split(",")) if name not in ("", "identity")]
    if not body or not names:
        return body
    if len(names) > _MOST_CODINGS:
        raise Unreachable("the answer is encoded too often")
    for name in reversed(names):
        if name in ("gzip", "x-gzip"):
            body = _inflated(body, 16 + zlib.MAX_WBITS)
        elif name == "deflate":  # some servers send zlib's format, some bare deflate
            is_wrapped = body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
            body = _inflated(body, zlib.MAX_WBITS if is_wrapped else -zlib.MAX_WBITS)
        else:
            raise Unreachable("the answer is encoded in a way that nobody asked for")
    return body


def _inflated(body: bytes, window: int) -> bytes:
    received = bytearray()
    while body:
        inflating = zlib.decompressobj(window)
        try:
            received += inflating.decompress(body, MAX_ANSWER + 1 - len(received))
        except zlib.error:
            raise Unreachable("the answer cannot be inflated") from None
        if len(received) > MAX_ANSWER:
            raise Unreachable("the answer is too long")
        if not inflating.eof:
            raise Unreachable("the answer broke off")
        body = inflating.unused_data  # gzip may have several members
    return bytes(received)
