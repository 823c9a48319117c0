"""What the HTTP protocol refuses before there is a request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from tenantry.cli.connections import Connections
from tenantry.cli.http import LONGEST_HEAD, BoundedProtocol

FAR_TOO_MUCH = 100 * LONGEST_HEAD


async def count_body(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answers how long the body was."""
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % length})


class Patient(BoundedProtocol):
    """With room for everybody."""

    open_connections = Connections(1000, 1000, [])


class Impatient(Patient):
    """For clients that would have to be waited for."""

    longest_wait = longest_head_wait = 0.3


@asynccontextmanager
async def a_connection(
    protocol: type[BoundedProtocol] = Patient,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(count_body, http=protocol, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        server.close()


async def test_who_asks_nothing_more_is_hung_up_on_when_the_connection_has_rested() -> None:
    class Restless(Patient):
        """It keeps no idle connection for longer than a moment."""

        def __init__(self, **parts: Any) -> None:
            super().__init__(**parts)
            self.timeout_keep_alive = 0.2  # type: ignore[assignment]  # whole seconds as a setting

    for request in (b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\nx"):
        async with asyncio.timeout(20), a_connection(Restless) as (reader, writer):
            writer.write(request)
            await reader.readuntil(b"\r\n\r\n")
            await read_body(reader)
            assert await reader.read() == b""


async def send_until_closed(writer: asyncio.StreamWriter, piece: bytes) -> int:
    """How many bytes of `piece`, again and again, went out before the server hung up; at most FAR_TOO_MUCH."""
    sent = 0
    try:
        while sent < FAR_TOO_MUCH and not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
            sent += len(piece)
    except ConnectionError:
        pass
    return sent


@pytest.mark.parametrize(
    "beginning", [b"GET /", b"GET / HTTP/1.1\r\nx: ", b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: "]
)
@pytest.mark.parametrize("piece", [b"a" * 8192, b"a\r\nx: b" * 1024])
async def test_a_head_or_trailer_without_end_is_cut_off(beginning: bytes, piece: bytes) -> None:
    async with a_connection() as (_, writer):
        writer.write(beginning)
        await writer.drain()
        assert await send_until_closed(writer, piece) < FAR_TOO_MUCH


WHOLE = b"POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\nx"


@pytest.mark.parametrize(
    ("before", "beginning"),
    [
        (b"", b""),
        (b"", b"GET / HT"),
        (b"", b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nx"),
        (WHOLE, b"\r\n"),
        (WHOLE, b"GET / HT"),
    ],
)
async def test_who_ends_no_request_is_hung_up_on(before: bytes, beginning: bytes) -> None:
    async with asyncio.timeout(20), a_connection(Impatient) as (reader, writer):
        if before:
            writer.write(before)
            await reader.readuntil(b"\r\n\r\n")
            assert await read_body(reader) == b"1"
        writer.write(beginning)
        with suppress(ConnectionError):
            assert await reader.read() == b""


async def test_who_sends_one_request_after_the_other_is_not() -> None:
    async with a_connection(Impatient) as (reader, writer):
        end = asyncio.get_running_loop().time() + 3 * Impatient.longest_wait
        while asyncio.get_running_loop().time() < end:
            writer.write(WHOLE)
            await reader.readuntil(b"\r\n\r\n")
            assert await read_body(reader) == b"1"


async def test_a_long_body_a_body_in_small_chunks_and_many_requests_are_served() -> None:
    async with a_connection() as (reader, writer):
        long = b"POST / HTTP/1.1\r\ncontent-length: 1000000\r\n\r\n" + b"x" * 1_000_000
        chunked = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n"
        short = b"GET / HTTP/1.1\r\nx: " + b"y" * 1000 + b"\r\n\r\n"
        for request, answer in [(long, b"1000000"), (chunked, b"100000"), *[(short, b"0")] * 100]:
            writer.write(request)
            await writer.drain()
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await read_body(reader) == answer


async def read_body(reader: asyncio.StreamReader) -> bytes:
    """Of a chunked answer."""
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body
