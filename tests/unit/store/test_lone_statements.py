"""`store.run` and `store.transact`: one statement that changes, in a transaction of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import apsw
import asyncpg
import pytest

from tenantry.store import LoneTx, Store, Value
from tests.support.builders import a_tenant
from tests.support.clock import NOON

INSERT = """
    INSERT INTO domain_proofs (tenant_id, name, token, created_by, created_at)
    VALUES (:tenant_id, :name, :token, :created_by, :now)
"""


async def _insert(store: Store, tenant_id: str, name: str) -> int:
    return await store.run(INSERT, tenant_id=tenant_id, name=name, token="t", created_by="u", now=NOON)


async def _names(store: Store, tenant_id: str) -> list[str]:
    async with store.read() as read:
        return await read.all(
            str, "SELECT name FROM domain_proofs WHERE tenant_id = :tenant_id ORDER BY name", tenant_id=tenant_id
        )


async def test_it_answers_how_many_rows_it_changed_and_they_are_there(store: Store) -> None:
    tenant = await a_tenant(store)
    assert await _insert(store, tenant.id, "a.example") == 1
    gone = "DELETE FROM domain_proofs WHERE tenant_id = :tenant_id AND name = :name"
    assert await store.run(gone, tenant_id=tenant.id, name="b.example") == 0
    assert await _names(store, tenant.id) == ["a.example"]


async def test_one_that_fails_takes_none_of_its_neighbours_along(store: Store) -> None:
    tenant = await a_tenant(store)
    names = [f"{number % 40:02}.example" for number in range(80)]  # each twice
    outcomes = await asyncio.gather(*(_insert(store, tenant.id, name) for name in names), return_exceptions=True)
    assert sum(outcome == 1 for outcome in outcomes) == 40
    refused = [outcome for outcome in outcomes if outcome != 1]
    assert len(refused) == 40
    assert all(isinstance(error, apsw.ConstraintError | asyncpg.UniqueViolationError) for error in refused)
    assert await _names(store, tenant.id) == sorted(set(names))


def _rows(tenant_id: str, names: Iterable[str]) -> list[dict[str, Value]]:
    return [{"tenant_id": tenant_id, "name": name, "token": "t", "created_by": "u", "now": NOON} for name in names]


async def test_the_same_for_each_row_is_durable_when_it_returns(store: Store) -> None:
    tenant = await a_tenant(store)
    names = [f"{number:02}.example" for number in range(40)]
    await asyncio.gather(
        *(store.run_each(INSERT, _rows(tenant.id, names[start : start + 10])) for start in range(0, 40, 10))
    )
    assert await _names(store, tenant.id) == names
    await store.run_each(INSERT, [])
    assert await _names(store, tenant.id) == names


async def test_of_rows_a_failing_one_is_told_and_the_store_goes_on(store: Store) -> None:
    tenant = await a_tenant(store)
    with pytest.raises((apsw.ConstraintError, asyncpg.UniqueViolationError)):
        await store.run_each(INSERT, _rows(tenant.id, ["a.example", "b.example", "a.example"]))
    assert set(await _names(store, tenant.id)) <= {"a.example", "b.example"}
    assert await _insert(store, tenant.id, "c.example") == 1
    assert "c.example" in await _names(store, tenant.id)


async def test_a_transaction_looks_and_then_changes(store: Store) -> None:
    tenant = await a_tenant(store)

    async def add_next(tx: LoneTx) -> list[str]:
        names = await tx.all(str, "SELECT name FROM domain_proofs WHERE tenant_id = :tenant_id", tenant_id=tenant.id)
        changed = await tx.run(
            INSERT, tenant_id=tenant.id, name=f"{len(names)}.example", token="t", created_by="u", now=NOON
        )
        assert changed == 1
        return names

    assert [len(await store.transact(add_next)) for _ in range(3)] == [0, 1, 2]
    assert await _names(store, tenant.id) == ["0.example", "1.example", "2.example"]


async def test_a_transaction_may_find_that_there_is_nothing_to_change(store: Store) -> None:
    tenant = await a_tenant(store)

    async def look(tx: LoneTx) -> str | None:
        return await tx.one_or_none(str, "SELECT id FROM tenants WHERE id = :id", id=tenant.id)

    assert await asyncio.gather(*(store.transact(look) for _ in range(5))) == [tenant.id] * 5
    assert await _insert(store, tenant.id, "later.example") == 1


async def test_it_takes_turns_with_transactions(store: Store) -> None:
    tenant = await a_tenant(store)

    async def in_a_block(name: str) -> None:
        async with store.write() as tx:
            assert await tx.run(INSERT, tenant_id=tenant.id, name=name, token="t", created_by="u", now=NOON) == 1
            await asyncio.sleep(0)
            if name.endswith("3.example"):
                raise LookupError

    blocks = [in_a_block(f"block-{number}.example") for number in range(20)]
    alone = [_insert(store, tenant.id, f"alone-{number}.example") for number in range(20)]
    mixed = [work for pair in zip(blocks, alone, strict=True) for work in pair]
    outcomes = await asyncio.gather(*mixed, return_exceptions=True)
    assert sum(isinstance(outcome, LookupError) for outcome in outcomes) == 2
    assert len(await _names(store, tenant.id)) == 38


async def test_who_gives_up_waiting_leaves_the_others_undisturbed(store: Store) -> None:
    tenant = await a_tenant(store)
    tasks = [asyncio.create_task(_insert(store, tenant.id, f"{number:02}.example")) for number in range(30)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    written = await _names(store, tenant.id)
    for number, outcome in enumerate(outcomes):
        if outcome == 1:
            assert f"{number:02}.example" in written
        else:
            assert isinstance(outcome, asyncio.CancelledError)
    assert await _insert(store, tenant.id, "later.example") == 1
