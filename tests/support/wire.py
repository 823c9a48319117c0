"""Calls an application in process, but through the server's own HTTP protocol: what is sent and read is bytes.

So requests take the same ways as on a socket: hot operations are answered by the protocol itself, the rest over ASGI.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
import httpx
import uvicorn
from uvicorn.server import ServerState

from tenantry.app import App
from tenantry.cli.direct import DirectProtocol, protocol_for


class WireTransport(httpx.AsyncBaseTransport):
    """One connection for each request, from `client`."""

    def __init__(self, app: App, client: tuple[str, int] = ("192.0.2.1", 50000)) -> None:
        self._protocol_of = protocol_for(app.deps.settings, app)
        self._config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
        self._config.load()
        self._client = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = b"".join([part async for part in request.stream])  # type: ignore[union-attr]
        answer = _Answer(request.method, self._client)
        protocol = self._protocol_of(config=self._config, server_state=ServerState(), app_state={})
        try:
            protocol.connection_made(answer)
            protocol.data_received(_head_of(request, body))
            if body:
                protocol.data_received(body)
            await answer.whole
        finally:
            _hang_up(protocol)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body, request=request)


def _head_of(request: httpx.Request, body: bytes) -> bytes:
    headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"transfer-encoding"]
    if len(headers) < len(request.headers.raw):
        headers.append((b"Content-Length", b"%d" % len(body)))
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join([*lines, b"", b""])


def _hang_up(protocol: DirectProtocol) -> None:
    protocol.connection_lost(None)


class _Answer(asyncio.Transport):
    """What the protocol writes, parsed."""

    def __init__(self, method: str, client: tuple[str, int]) -> None:
        super().__init__({"peername": client, "sockname": ("127.0.0.1", 80)})
        self.whole: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self._has_body = method != "HEAD"
        self._parser = httptools.HttpResponseParser(self)
        self._is_closing = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if not self._has_body:
            self.on_message_complete()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if not self.whole.done():
            self.whole.set_result(None)

    def write(self, data: Any) -> None:
        if not self.whole.done():
            self._parser.feed_data(bytes(data))

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True
        if not self.whole.done():
            self.whole.set_exception(httpx.RemoteProtocolError("the server hung up"))

    abort = close

    def pause_reading(self) -> None:
        """All has been read."""

    def resume_reading(self) -> None:
        """All has been read."""


class RawConnection(asyncio.Transport):
    """A connection to an application, whose bytes the test sends and reads."""

    def __init__(self, app: App, client: tuple[str, int] = ("192.0.2.1", 50000)) -> None:
        super().__init__({"peername": client, "sockname": ("127.0.0.1", 80)})
        config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
        config.load()
        self.written = b""
        self._is_closing = False
        self.protocol = protocol_for(app.deps.settings, app)(config=config, server_state=ServerState(), app_state={})
        self.protocol.connection_made(self)

    async def until(self, count: int) -> list[bytes]:
        """The first `count` answers, once they are there; none of them has a body that holds another's first line."""
        while self.written.count(b"HTTP/1.1 ") < count:  # noqa: ASYNC110 - as on a socket, bytes are no event
            await asyncio.sleep(0.001)
        return [b"HTTP/1.1 " + answer for answer in self.written.split(b"HTTP/1.1 ")[1:]]

    def send(self, data: bytes) -> None:
        self.protocol.data_received(data)

    def hang_up(self) -> None:
        self._is_closing = True
        self.protocol.connection_lost(None)

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    abort = close

    def pause_reading(self) -> None:
        """The test sends what it sends."""

    def resume_reading(self) -> None:
        """The test sends what it sends."""
