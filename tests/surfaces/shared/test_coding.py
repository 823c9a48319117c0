"""Packed bodies: read as they are meant, and no larger than others."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import AsyncIterator, Callable

import pytest

from tenantry.store import Store
from tenantry.surfaces.shared.body import read_body
from tenantry.surfaces.shared.coding import decoding
from tests.support.app import an_app, client_for

ADDRESSES = {
    "/kaizala/v1/generatePin": "application/json",
    "/device/v1/provision": "application/json",
    "/common/oauth2/token": "application/x-www-form-urlencoded",
    "/token": "application/x-www-form-urlencoded",
    "/sign-in": "application/x-www-form-urlencoded",
    "/batch": "multipart/mixed; boundary=b",
}
BODIES = {
    "application/json": json.dumps({"mobileNumber": "nonsense", "token": "x"}).encode(),
    "application/x-www-form-urlencoded": b"grant_type=refresh_token&client_id=x&name=a",
    "multipart/mixed; boundary=b": b"--b\r\n\r\nGET /androidenterprise/v1/x HTTP/1.1\r\n\r\n\r\n--b--",
}


def flushed(body: bytes) -> bytes:
    """Flushed after each byte, as a client that streams does."""
    packing = zlib.compressobj(wbits=31)
    pieces = [packing.compress(bytes([byte])) + packing.flush(zlib.Z_SYNC_FLUSH) for byte in body]
    return b"".join(pieces) + packing.flush()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": flushed,
    "deflate": zlib.compress,
}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("coding", [*PACKED, "identity", ""])
async def test_a_packed_body_is_answered_as_the_same_body_unpacked(store: Store, address: str, coding: str) -> None:
    kind = ADDRESSES[address]
    body = BODIES[kind]
    packed = PACKED[coding](body) if coding in PACKED else body
    async with client_for(await an_app(store)) as client:
        plain = await client.post(address, content=body, headers={"content-type": kind})
        answer = await client.post(address, content=packed, headers={"content-type": kind, "content-encoding": coding})
        assert answer.status_code == plain.status_code
        assert answer.status_code not in (413, 415, 500)

        async def in_pieces() -> AsyncIterator[bytes]:
            for byte in packed:
                yield bytes([byte])

        answer = await client.post(
            address, content=in_pieces(), headers={"content-type": kind, "content-encoding": coding}
        )
        assert answer.status_code == plain.status_code


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "gzip, br", "nonsense"])
async def test_a_coding_that_nobody_here_knows_is_refused_with_those_that_are_known(
    store: Store, address: str, coding: str
) -> None:
    headers = {"content-type": ADDRESSES[address], "content-encoding": coding}
    async with client_for(await an_app(store)) as client:
        answer = await client.post(address, content=b"x", headers=headers)
        assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "gzip, deflate")


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_small_body_that_holds_a_large_one_is_too_large(store: Store, address: str) -> None:
    bombs = {
        "zeros": gzip.compress(bytes(30 * 1_048_576)),
        "nothing without end": gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 200_000,
    }
    async with client_for(await an_app(store)) as client:
        for name, bomb in bombs.items():
            headers = {"content-type": ADDRESSES[address], "content-encoding": "gzip"}
            assert (await client.post(address, content=bomb, headers=headers)).status_code == 413, name


@pytest.mark.parametrize("address", ADDRESSES)
async def test_what_is_not_packed_as_it_says_is_refused(store: Store, address: str) -> None:
    whole = gzip.compress(BODIES[ADDRESSES[address]])
    broken = [b"plain", whole[:-1], whole[:12], whole + b"x", whole + whole, b"\x1f\x8b" + os.urandom(50)]
    async with client_for(await an_app(store)) as client:
        for body in broken:
            headers = {"content-type": ADDRESSES[address], "content-encoding": "gzip"}
            assert (await client.post(address, content=body, headers=headers)).status_code == 400, body


async def test_an_empty_packed_body_is_no_body(store: Store) -> None:
    async with client_for(await an_app(store)) as client:
        for body in (b"", gzip.compress(b"")):
            answer = await client.post("/kaizala/v1/generatePin", content=body, headers={"content-encoding": "gzip"})
            assert answer.status_code == 400
            assert "JSON" in answer.json()["message"]
        assert (await client.get("/sign-in", headers={"content-encoding": "br"})).status_code == 200


async def test_all_of_a_body_comes_however_it_falls_into_pieces(store: Store) -> None:
    """Sizes around those of the pieces in which it is inflated."""
    for size in (65_535, 65_536, 65_537, 131_072, 1_000_000):
        for body in (bytes(size), os.urandom(size)):
            packed = gzip.compress(body)
            for step in (1000, 65_536, len(packed)):
                parts = [packed[at : at + step] for at in range(0, len(packed), step)]

                async def receive(parts: list[bytes] = parts) -> dict[str, object]:
                    return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

                async def send(_message: object) -> None: ...

                inflated, _ = decoding(b"gzip", receive, send)
                assert await read_body(inflated, size) == body
