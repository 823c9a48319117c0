"""Reads of SQLite that take more than a moment: beside the event loop, one at once for a tenant, and not for ever."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tenantry.core.errors import StoreBusy
from tenantry.store import open_store
from tenantry.store.engine.interface import Read
from tenantry.store.engine.sqlite import SqliteStore

COUNT = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)
    SELECT COUNT(*) FROM n WHERE :tenant_id <> ''
"""
LONG = 3_000_000
ENDLESS = 10**12


async def count(read: Read, many: int, tenant_id: str = "t") -> int | None:
    return await read.one_or_none(int, COUNT, many=many, tenant_id=tenant_id)


async def test_the_loop_goes_on_while_a_long_read_runs(sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    longest, last = 0.0, time.perf_counter()
    async with store.read() as read:
        reading = asyncio.create_task(count(read, LONG))
        begun = time.perf_counter()
        while not reading.done():
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
            assert await count(read, 10, "other") == 10  # short ones are answered beside it
        took = time.perf_counter() - begun
        assert await reading == LONG
    assert longest < took / 3
    await store.close()


async def test_a_read_is_given_up_at_its_deadline_and_the_next_one_is_answered(sqlite_url: str) -> None:
    store = await open_store(sqlite_url, statement_timeout=0.1)
    async with store.read() as read:
        with pytest.raises(StoreBusy, match="deadline") as caught:
            await count(read, ENDLESS)
        assert "too much" in caught.value.public
        assert await count(read, 10) == 10
    await store.close()


async def test_a_long_read_that_nobody_waits_for_any_more_ends(sqlite_url: str) -> None:
    store = await open_store(sqlite_url, statement_timeout=60)
    async with store.read() as read:
        reading = asyncio.create_task(count(read, ENDLESS))
        await asyncio.sleep(0.1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        async with asyncio.timeout(10):
            assert await count(read, LONG) == LONG
            await store.close()


async def test_what_was_too_long_for_one_tenant_is_still_tried_at_once_for_another(sqlite_path: Path) -> None:
    store = SqliteStore(str(sqlite_path), busy_timeout=1, cache_mib=1)
    async with store.read() as read:
        await count(read, LONG, "a")
        assert list(store._long.remembered) == [(COUNT, "a")]
        await count(read, 10, "b")
        assert await count(read, 10, "a") == 10  # short this time: forgotten
        assert store._long.remembered == {}
    await store.close()


@pytest.fixture
def sqlite_path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))
