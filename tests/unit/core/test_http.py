"""Requests that this server makes end in time, whatever the other side does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from tenantry.core import http
from tenantry.core.http import OutgoingHttp, Unreachable

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def a_peer(peer: Peer) -> AsyncIterator[str]:
    """`127.0.0.1:PORT` of a server that talks so with whoever connects."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await peer(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()


async def drip(writer: asyncio.StreamWriter, head: bytes, drop: bytes) -> None:
    writer.write(head)
    while True:
        writer.write(drop)
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await drip(writer, b"HTTP/1.1 200 OK\r\nx-slow: ", b"x")


async def drip_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await drip(writer, b"HTTP/1.1 200 OK\r\n\r\n", b"x")


async def drip_tls(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await drip(writer, b"\x16\x03\x03\x40\x00", b"\x02")


async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize(
    ("scheme", "peer"), [("http", drip_headers), ("http", drip_body), ("http", say_nothing), ("https", drip_tls)]
)
async def test_an_answer_that_drips_or_never_comes_is_cut_at_the_deadline(scheme: str, peer: Peer) -> None:
    async with a_peer(peer) as address:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="too long"):
            await OutgoingHttp(allow_private=True).get(f"{scheme}://{address}/", deadline=0.3)
        assert time.monotonic() - began < 2


async def test_an_answer_larger_than_it_may_be_is_given_up() -> None:
    async def much(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(http.MAX_ANSWER // 65_536 + 2):
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with a_peer(much) as address:
        with pytest.raises(Unreachable, match="the answer is too long"):
            await OutgoingHttp(allow_private=True).get(f"http://{address}/")


async def test_json_is_posted_with_its_headers() -> None:
    heads: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"{}"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    async with a_peer(take) as address:
        outgoing = OutgoingHttp(allow_private=True)
        reply = await outgoing.post_json(f"http://{address}/hook?a=1", b"{}", headers={"kz-callback-token": "t"})
    assert reply.status == 204
    assert heads[0].startswith(b"POST /hook?a=1 HTTP/1.1\r\n")
    assert b"\r\nkz-callback-token: t\r\n" in heads[0]
    assert b"\r\nContent-Type: application/json; charset=utf-8\r\n" in heads[0]
