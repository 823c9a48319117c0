"""The fault injector itself: every step of a write block fails once, and nothing half-done is kept."""

from __future__ import annotations

import itertools

from tenantry.store import Store
from tests.support.faults import FaultyStore, InjectedFault


async def two_inserts(store: Store) -> None:
    async with store.write() as tx:
        for tenant in ("a", "b"):
            await tx.run("INSERT INTO tenants (id, name, created_at) VALUES (:id, :id, 1)", id=tenant)


async def count(store: Store) -> int | None:
    async with store.read() as read:
        return await read.one_or_none(int, "SELECT COUNT(*) FROM tenants")


async def test_each_step_fails_once_and_leaves_nothing(store: Store) -> None:
    failed = 0
    for n in itertools.count(1):
        try:
            await two_inserts(FaultyStore(store, fail_at=n))
        except InjectedFault:
            failed += 1
            assert await count(store) == 0
        else:
            break
    assert failed == 3  # two statements and the commit
    assert await count(store) == 2
