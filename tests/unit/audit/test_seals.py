"""Seals over a trail: what nobody touched holds, what somebody touched is found, and where to look is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tenantry.audit.seals import MARGIN, SealKey, Verdict, has_seal, seal_trail, verify_trail
from tenantry.core.clock import HOUR, MINUTE, SECOND
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import TenantId
from tenantry.store import open_store
from tenantry.store.engine.interface import Read, Store
from tests.support.clock import NOON
from tests.support.wrapped_store import WrappedStore
from tests.unit.audit.conftest import KEY, LATE, a_trail, happen, seals_of, tamper


@pytest.fixture
async def sealed(store: Store) -> tuple[Store, TenantId]:
    """Three seals of two events each, and an event that is not sealed yet."""
    tenant_id = a_trail()
    for number in range(3):
        hour = NOON + number * HOUR
        await happen(store, tenant_id, hour, hour + MINUTE)
        await seal_trail(store, KEY, tenant_id, hour + HOUR)
    await happen(store, tenant_id, NOON + 3 * HOUR)
    return store, tenant_id


async def test_what_nobody_touched_holds_and_what_came_after_is_counted(sealed: tuple[Store, TenantId]) -> None:
    store, tenant_id = sealed
    told: list[tuple[int, int]] = []
    verdict = await verify_trail(store, KEY, tenant_id, progress=lambda done, total: told.append((done, total)))
    assert verdict[:2] == (3, 6)
    assert verdict.head == (await seals_of(store, tenant_id))[-1]
    assert verdict[3:] == (0, None, 1, NOON + 3 * HOUR)
    assert told == [(1, 3), (2, 3), (3, 3)]


async def test_a_trail_without_events_or_seals_holds(store: Store) -> None:
    tenant_id = a_trail()
    assert await seal_trail(store, KEY, tenant_id, NOON) == 0
    assert await verify_trail(store, KEY, tenant_id) == Verdict(0, 0, None, 0, None, 0, None)


async def test_what_is_younger_than_the_margin_waits_for_the_next_seal(store: Store) -> None:
    tenant_id = a_trail()
    await happen(store, tenant_id, NOON, NOON + SECOND)
    assert await seal_trail(store, KEY, tenant_id, NOON + MARGIN) == 0
    assert await seal_trail(store, KEY, tenant_id, NOON + MARGIN + SECOND) == 1
    await happen(store, tenant_id, NOON + SECOND // 2 + 2 * SECOND, NOON + SECOND)  # another server's clock is behind
    assert await seal_trail(store, KEY, tenant_id, LATE) == 1
    assert (await verify_trail(store, KEY, tenant_id))[:4][1:4:2] == (4, 0)


@pytest.mark.parametrize(
    ("sql", "number", "said", "found"),
    [
        ("UPDATE audit_events SET data = '{}' WHERE tenant_id = :t AND at = :at", 2, 2, 2),
        ("UPDATE audit_events SET at = at + 1 WHERE tenant_id = :t AND at = :at", 2, 2, 2),
        ("UPDATE audit_events SET grant_id = '' WHERE tenant_id = :t AND at = :at", 2, 2, 2),
        ("DELETE FROM audit_events WHERE tenant_id = :t AND at = :at", 2, 2, 1),
        (
            """
            INSERT INTO audit_events SELECT tenant_id, id || '0', at, type, actor, connector_id, grant_id,
            partner_tenant_id, correlation_id, address, data FROM audit_events WHERE tenant_id = :t AND at = :at
            """,
            2,
            2,
            3,
        ),
        ("UPDATE audit_events SET tenant_id = 'elsewhere' WHERE tenant_id = :t AND at = :at", 2, 2, 1),
        ("UPDATE audit_seals SET event_count = 3 WHERE tenant_id = :t AND number = 2", 2, 3, 2),
        ("UPDATE audit_seals SET sealed_at = 1 WHERE tenant_id = :t AND number = 2", 2, 2, 2),
        ("UPDATE audit_seals SET last_event_id = '~' WHERE tenant_id = :t AND number = 2", 2, 2, 5),
        ("DELETE FROM audit_seals WHERE tenant_id = :t AND number = 2", 2, None, 4),
        ("DELETE FROM audit_seals WHERE tenant_id = :t AND number < 3", 1, None, 6),
    ],
)
async def test_the_first_seal_that_does_not_hold_says_where_to_look(
    sealed: tuple[Store, TenantId], sql: str, number: int, said: int | None, found: int
) -> None:
    store, tenant_id = sealed
    await tamper(store, sql, t=tenant_id, at=NOON + HOUR)
    broken = (await verify_trail(store, KEY, tenant_id)).first_broken
    assert broken is not None
    assert (broken.number, broken.said, broken.found) == (number, said, found)
    assert broken.since == (NOON + MINUTE if number == 2 else 0)
    assert broken.until in (0, NOON + HOUR + MINUTE, NOON + 2 * HOUR + MINUTE)


@pytest.mark.parametrize("last", [None, 1, 2])
async def test_seals_that_are_taken_away_while_they_are_checked_end_the_check_as_broken(
    sealed: tuple[Store, TenantId], last: int | None
) -> None:
    store, tenant_id = sealed

    class Robbed(WrappedStore):
        looks = 0

        @asynccontextmanager
        async def read(self) -> AsyncIterator[Read]:
            self.looks += 1
            if self.looks == 2:
                await tamper(store, "DELETE FROM audit_seals WHERE tenant_id = :t", t=tenant_id)
            async with store.read() as read:
                yield read

    async with asyncio.timeout(10):
        verdict = await verify_trail(Robbed(store), KEY, tenant_id, last=last)
    assert verdict.broken == 1
    assert verdict.first_broken is not None
    number, since, until, said, found = verdict.first_broken
    assert (number, said) == (1 if last is None else 4 - last, None)
    assert (since, until) == (0 if last is None else NOON + (2 - last) * HOUR + MINUTE, NOON + 2 * HOUR + MINUTE)
    assert found == (6 if last is None else 2 * last)


async def test_others_have_their_turn_between_short_seals(sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    tenant_id = a_trail()
    for number in range(3):
        await happen(store, tenant_id, NOON + number * HOUR)
        await seal_trail(store, KEY, tenant_id, NOON + (number + 1) * HOUR)
    seen: list[tuple[str, int]] = []
    loop = asyncio.get_running_loop()

    def told(done: int, _total: int) -> None:
        seen.append(("seal", done))
        loop.call_soon(seen.append, ("turn", done))

    await verify_trail(store, KEY, tenant_id, progress=told)
    assert seen == [(what, done) for done in (1, 2, 3) for what in ("seal", "turn")]
    await store.close()


async def test_one_broken_seal_does_not_hide_that_the_others_hold(sealed: tuple[Store, TenantId]) -> None:
    store, tenant_id = sealed
    await tamper(store, "DELETE FROM audit_events WHERE tenant_id = :t AND at = :at", t=tenant_id, at=NOON)
    assert (await verify_trail(store, KEY, tenant_id)).broken == 1
    last_two = await verify_trail(store, KEY, tenant_id, last=2)
    assert (last_two.seals, last_two.events, last_two.broken) == (2, 4, 0)


async def test_the_last_seals_alone_are_checked_from_where_they_stand(sealed: tuple[Store, TenantId]) -> None:
    store, tenant_id = sealed
    for last in (1, 2, 3, 4):
        verdict = await verify_trail(store, KEY, tenant_id, last=last)
        assert (verdict.seals, verdict.events, verdict.broken) == (min(last, 3), min(last, 3) * 2, 0)
    await tamper(
        store, "UPDATE audit_seals SET digest = :d WHERE tenant_id = :t AND number = 1", t=tenant_id, d=b"x" * 32
    )
    assert [(await verify_trail(store, KEY, tenant_id, last=last)).broken for last in (1, 2, 3)] == [0, 1, 2]


async def test_seals_of_another_key_or_another_tenant_do_not_hold(sealed: tuple[Store, TenantId]) -> None:
    store, tenant_id = sealed
    assert (await verify_trail(store, [SealKey(0, b"x" * 32)], tenant_id)).broken == 3
    for table in ("audit_events", "audit_seals"):
        await tamper(store, f"UPDATE {table} SET tenant_id = 'thief' WHERE tenant_id = :t", t=tenant_id)
    assert (await verify_trail(store, KEY, TenantId("thief"))).broken == 3


async def test_a_tail_that_was_cut_off_is_found_by_whoever_kept_its_head(sealed: tuple[Store, TenantId]) -> None:
    store, tenant_id = sealed
    first, _, head = await seals_of(store, tenant_id)
    async with store.read() as read:
        for kept in (first, head):
            assert await has_seal(read, tenant_id, kept.mark)
        assert not await has_seal(read, tenant_id, f"1:{head.digest.hex()}")
        assert not await has_seal(read, tenant_id, f"4:{head.digest.hex()}")
        assert not await has_seal(read, a_trail(), head.mark)
        assert not await has_seal(read, tenant_id, head.mark[:-1] + ("1" if head.mark[-1] == "0" else "0"))
    await tamper(store, "DELETE FROM audit_seals WHERE tenant_id = :t AND number = 3", t=tenant_id)
    await tamper(store, "DELETE FROM audit_events WHERE tenant_id = :t AND at > :at", t=tenant_id, at=NOON + 2 * HOUR)
    await seal_trail(store, KEY, tenant_id, LATE)
    assert (await verify_trail(store, KEY, tenant_id)).broken == 0
    async with store.read() as read:
        assert await has_seal(read, tenant_id, first.mark)
        assert not await has_seal(read, tenant_id, head.mark)


async def test_what_is_no_text_in_a_column_of_text_breaks_its_seal(sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    tenant_id = a_trail()
    await happen(store, tenant_id, NOON)
    await seal_trail(store, KEY, tenant_id, LATE)
    for value in ("'7'", "X'37'", "X'ff'", "CAST(X'ff' AS TEXT)", "NULL"):
        await tamper(store, f"UPDATE audit_events SET grant_id = {value} WHERE tenant_id = :t", t=tenant_id)
        assert (await verify_trail(store, KEY, tenant_id)).broken == (value != "NULL")
    await tamper(store, "UPDATE audit_seals SET digest = 'no bytes' WHERE tenant_id = :t", t=tenant_id)
    assert (await verify_trail(store, KEY, tenant_id)).broken == 1
    await store.close()


@pytest.mark.parametrize(
    "mark", ["", "1", "0:" + "a" * 64, "1:" + "A" * 64, "1:" + "a" * 63, "9" * 19 + ":" + "a" * 64]
)
async def test_what_is_no_mark_of_a_seal_is_refused(sqlite_url: str, mark: str) -> None:
    store = await open_store(sqlite_url)
    with pytest.raises(InvalidValue):
        async with store.read() as read:
            await has_seal(read, a_trail(), mark)
    await store.close()
