"""Large shapes, made with a few statements; a server in a process of its own; and how long others wait for it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId
from tenantry.store.engine.interface import Store
from tests.support.app import MASTER_KEY

SOURCE = Path(__file__).parents[2] / "src"
_NUMBERS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
"""


def crowd_id(kind: int, number: int) -> str:
    """The id that the statements give to the row with this number."""
    return f"{10_000_000 + number}-{kind:04}-4000-8000-000000000000"


async def many_members(store: Store, tenant_id: TenantId, group_id: GroupId, many: int, now: Micros) -> None:
    """Users who are in the group."""
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, display_key,
                               created_at, updated_at)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(10000000 + i AS TEXT) || '-0001-4000-8000-000000000000',
                   'crowd' || i || '@crowd.example', 'crowd' || i || '@crowd.example', 'member', 'Crowd ' || i,
                   'crowd ' || i, CAST(:now AS BIGINT), CAST(:now AS BIGINT) FROM n
            """,
            tenant_id=tenant_id,
            many=many,
            now=now,
        )
        await tx.run(
            f"""
            INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at, member_key)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(:group_id AS TEXT),
                   CAST(10000000 + i AS TEXT) || '-0001-4000-8000-000000000000', 'member', CAST(:now AS BIGINT),
                   'crowd ' || i FROM n
            """,
            tenant_id=tenant_id,
            group_id=group_id,
            many=many,
            now=now,
        )


async def many_roles(
    store: Store, tenant_id: TenantId, role_id: str, given_by: TenantId | None, many: int, now: Micros
) -> None:
    """Of the first users of `many_members`, for good."""
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO role_assignments (tenant_id, user_id, role_id, created_at, given_by)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(10000000 + i AS TEXT) || '-0001-4000-8000-000000000000',
                   CAST(:role_id AS TEXT), CAST(:now AS BIGINT), CAST(:given_by AS TEXT) FROM n
            """,
            tenant_id=tenant_id,
            role_id=role_id,
            given_by=given_by,
            many=many,
            now=now,
        )


async def many_linked(store: Store, tenant_id: TenantId, provider_id: str, issuer: str, many: int, now: Micros) -> None:
    """Accounts at an identity provider of the first users of `many_members`."""
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO linked_identities (tenant_id, provider_id, issuer, subject, user_id, created_at)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(:provider_id AS TEXT), CAST(:issuer AS TEXT),
                   'subject ' || i, CAST(10000000 + i AS TEXT) || '-0001-4000-8000-000000000000', CAST(:now AS BIGINT)
            FROM n
            """,
            tenant_id=tenant_id,
            provider_id=provider_id,
            issuer=issuer,
            many=many,
            now=now,
        )


async def many_grants(
    store: Store, tenant_id: TenantId, connector_id: str, user_id: str, many: int, now: Micros
) -> None:
    """Live grants of one user to one connector."""
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO grants (tenant_id, id, connector_id, user_id, reach, permissions, amr, created_at, expires_at)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(:user_id AS TEXT) || i, CAST(:connector_id AS TEXT),
                   CAST(:user_id AS TEXT), 'user', 'groupinfo.read', 'pwd', CAST(:now AS BIGINT) - :many + i,
                   CAST(:now AS BIGINT) + 3600000000 FROM n
            """,
            tenant_id=tenant_id,
            connector_id=connector_id,
            user_id=user_id,
            many=many,
            now=now,
        )


async def many_groups(
    store: Store, tenant_id: TenantId, admin_id: str, parent_id: GroupId, many: int, now: Micros, *, deep: bool
) -> None:
    """Groups of one admin: each below the last (`deep`), or all right below `parent_id`, as they could be linked once.

    Their ids are `crowd_id(2 or 3, …)`.
    """
    kind = "0002" if deep else "0003"
    above = "i - 1" if deep else "0"
    async with store.write() as tx:
        await tx.run(
            f"""
            INSERT INTO groups (tenant_id, id, name, name_key, welcome_message, group_type, created_at, updated_at)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(10000000 + i AS TEXT) || '-{kind}-4000-8000-000000000000',
                   'Nest {kind} ' || i, 'nest {kind} ' || i, '', 'group', CAST(:now AS BIGINT), CAST(:now AS BIGINT)
            FROM n
            """,
            tenant_id=tenant_id,
            many=many,
            now=now,
        )
        await tx.run(
            f"""
            INSERT INTO group_links (tenant_id, parent_id, child_id, created_at)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT),
                   CASE WHEN {above} = 0 THEN CAST(:parent_id AS TEXT)
                        ELSE CAST(10000000 + {above} AS TEXT) || '-{kind}-4000-8000-000000000000' END,
                   CAST(10000000 + i AS TEXT) || '-{kind}-4000-8000-000000000000', CAST(:now AS BIGINT) FROM n
            """,
            tenant_id=tenant_id,
            parent_id=parent_id,
            many=many,
            now=now,
        )
        await tx.run(
            f"""
            INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at, member_key)
            {_NUMBERS} SELECT CAST(:tenant_id AS TEXT), CAST(10000000 + i AS TEXT) || '-{kind}-4000-8000-000000000000',
                   CAST(:admin_id AS TEXT), 'admin', CAST(:now AS BIGINT), 'mal' FROM n
            """,
            tenant_id=tenant_id,
            admin_id=admin_id,
            many=many,
            now=now,
        )


async def analyze(store: Store) -> None:
    """As PostgreSQL does by itself after a while; SQLite always plans by the numbers of store/engine/statistics.py."""
    if store.engine == "postgresql":
        async with store.write() as tx:
            await tx.run("ANALYZE")


@asynccontextmanager
async def a_server_process(data_dir: Path, store_url: str, **settings: str) -> AsyncIterator[int]:
    """`tenantry serve` on that store, with the key and the hashes of the builders: its port."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TENANTRY_")},
        "PYTHONPATH": str(SOURCE),
        "TENANTRY_MASTER_KEY": MASTER_KEY,
        "TENANTRY_PUBLIC_URL": "http://tenantry.test",
        "TENANTRY_RATE_LIMITS": "off",
        **{f"TENANTRY_{name.upper()}": value for name, value in settings.items()},
    }
    if store_url.startswith("postgresql"):
        environment["TENANTRY_DATABASE_URL"] = store_url
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tenantry.cli", "serve", "--data-dir", str(data_dir), "--port", str(port)]
    with (data_dir / "server.log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, env=environment)
        try:
            async with asyncio.timeout(60), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                while not await _listens(client):
                    assert server.returncode is None, (data_dir / "server.log").read_text()
                    await asyncio.sleep(0.05)
            _servers[port] = server.pid
            yield port
        finally:
            server.terminate()
            await server.wait()


async def _listens(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


_servers: dict[int, int] = {}
"""The processes behind the ports."""


class Others(NamedTuple):
    """What others found: the longest wait in seconds, how many requests there were, what was not answered 200.

    A wait is counted without the time in which the server's event loop or the asking process was ready to run and the
    machine, busy with something else, did not let it: that is not the server's.
    """

    worst: float
    asked: int
    bad: list[list[object]]


@asynccontextmanager
async def others_asking(port: int, requests: list[tuple[str, dict[str, str]]]) -> AsyncIterator[list[Others]]:
    """While the block runs, a process asks for these in turn, every 50 ms. What it found is there at the end."""
    asking = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _OTHERS, str(port), str(_servers[port]), json.dumps(requests), stdin=-1, stdout=-1
    )
    assert asking.stdout is not None
    await asking.stdout.readline()
    found: list[Others] = []
    try:
        yield found
    finally:
        out, _ = await asking.communicate(b"end\n")
    found.append(Others(**json.loads(out)))


_OTHERS = """
import http.client, json, select, sys, time
port, pid, requests = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
def held_up():
    "Seconds in which the two were ready and did not run (Linux: the second number of schedstat, in ns)."
    seconds = 0.0
    for process in (pid, "self"):
        try:
            with open(f"/proc/{process}/schedstat") as file:
                seconds += int(file.read().split()[1]) / 1e9
        except OSError:
            pass
    return seconds
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
def ask(path, headers):
    before, begun = held_up(), time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    return time.perf_counter() - begun - (held_up() - before), answer.status
for request in requests:
    ask(*request)
print("ready", flush=True)
waits, bad = [], []
while True:
    for request in requests:
        wait, status = ask(*request)
        waits.append(wait)
        if status != 200:
            bad.append((request[0], status))
    if select.select([sys.stdin], [], [], 0.05)[0]:
        break
print(json.dumps({"worst": max(waits, default=0), "asked": len(waits), "bad": bad}))
"""
