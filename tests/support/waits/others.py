"""A server in a process of its own, and how long others wait for it."""

from __future__ import annotations

import asyncio
import json
import math
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tenantry.core.files import write_private
from tests.support.app import MASTER_KEY

SOURCE = Path(__file__).parents[3] / "src"
_OWN_SECONDS = 3_600
"""How long a heavy request itself may take."""
PAUSES = {"health": 0.05, "ready": 0.05, "exchange": 0.05, "page": 0.05, "sign_in": 0.2}
"""Seconds between two requests of each kind: health, readiness, a token exchange, a page, a sign-in by password."""


@dataclass(frozen=True)
class Server:
    """`environment` has what a command line of the same server needs."""

    port: int
    pid: int
    data_dir: Path
    environment: Mapping[str, str]
    client: httpx.AsyncClient


class Waited(NamedTuple):
    """What others found: waits in seconds, how many there were, and what was not answered as it should be.

    A wait is counted without the time in which the server's event loop or the asking thread was ready to run and the
    machine, busy with something else, did not let it: that is not the server's. `by_clock` is the longest with it.
    """

    worst: float
    p99: float
    by_clock: float
    of_kind: dict[str, float]
    asked: int
    bad: list[list[object]]


@asynccontextmanager
async def a_server_process(data_dir: Path, store_url: str, **settings: str) -> AsyncIterator[Server]:
    """`tenantry serve` on that store, with the key and the hashes of the builders."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TENANTRY_")},
        "PYTHONPATH": str(SOURCE),
        "TENANTRY_DATA_DIR": str(data_dir),
        "TENANTRY_PUBLIC_URL": "http://tenantry.test",
        "TENANTRY_RATE_LIMITS": "off",
        **{f"TENANTRY_{name.upper()}": value for name, value in settings.items()},
    }
    if store_url.startswith("postgresql"):
        environment["TENANTRY_DATABASE_URL"] = store_url
    write_private(data_dir / "master.key", MASTER_KEY, replace=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tenantry.cli", "serve", "--port", str(port)]
    address, limits = f"http://127.0.0.1:{port}", httpx.Limits(max_connections=100)
    with (data_dir / "server.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, env=environment)
        try:
            cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # each request brings those of its browser
            async with httpx.AsyncClient(
                base_url=address, timeout=_OWN_SECONDS, limits=limits, cookies=cookies
            ) as client:
                async with asyncio.timeout(60):
                    while not await _listens(client):
                        assert process.returncode is None, (data_dir / "server.log").read_text()
                        await asyncio.sleep(0.05)
                yield Server(port, process.pid, data_dir, environment, client)
        finally:
            with suppress(ProcessLookupError):  # it has ended by itself
                process.terminate()
            await process.wait()


async def _listens(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


@asynccontextmanager
async def others_asking(server: Server, facts: Mapping[str, Any]) -> AsyncIterator[list[Waited]]:
    """While the block runs, others ask (`PAUSES`); what they found is there at its end. `facts`: what each sends."""
    script = Path(__file__).with_name("bystanders.py")
    asking = await asyncio.create_subprocess_exec(sys.executable, str(script), stdin=-1, stdout=-1, limit=2**26)
    assert asking.stdin is not None
    assert asking.stdout is not None
    watch = {"port": server.port, "pid": server.pid, "pauses": PAUSES, **dict.fromkeys(PAUSES), **facts}
    asking.stdin.write(json.dumps(watch).encode() + b"\n")
    assert await asking.stdout.readline() == b"ready\n"
    found: list[Waited] = []
    try:
        yield found
    finally:
        out, _ = await asking.communicate(b"end\n")
    found.append(_waited(json.loads(out)))


def _waited(kinds: dict[str, Any]) -> Waited:
    waits = sorted(wait for each in kinds.values() for wait, _ in each["waits"])
    return Waited(
        worst=waits[-1],
        p99=waits[math.ceil(len(waits) * 0.99) - 1],
        by_clock=max(wait for each in kinds.values() for _, wait in each["waits"]),
        of_kind={kind: max((wait for wait, _ in each["waits"]), default=0.0) for kind, each in kinds.items()},
        asked=len(waits),
        bad=[bad for each in kinds.values() for bad in each["bad"]],
    )
