"""What is forgotten, and what stays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import pytest

from tenantry import housekeeping
from tenantry.core.clock import DAY, HOUR, MINUTE, Micros
from tenantry.core.errors import NotFound, StoreBusy
from tenantry.core.ids import TenantId
from tenantry.directory import purging
from tenantry.directory.group_deletion import delete_group
from tenantry.directory.tenants import delete_tenant
from tenantry.directory.users import RESTORABLE, delete_user, restore_user
from tenantry.housekeeping import tidy
from tenantry.outbox.webhooks import delete_webhook, send_test
from tenantry.store import open_store
from tenantry.store.engine.interface import Store, Tx, Value
from tenantry.store.outbox import webhook_deliveries
from tenantry.store.tokens import grants as grant_rows
from tenantry.store.tokens import idempotency
from tenantry.store.trail import audit_events
from tests.support.builders import OPERATOR, a_connector, a_grant, a_group, a_tenant, a_user, a_webhook
from tests.support.clock import NOON, FakeClock
from tests.support.counting import CountingStore
from tests.support.town import Town


async def tidy_at(store: Store, now: Micros) -> dict[str, int]:
    return await tidy(store, OPERATOR, FakeClock(now))


async def count(store: Store, table: str) -> int:
    async with store.read() as read:
        return len(await read.all(str, f"SELECT tenant_id FROM {table}"))


async def test_users_nobody_can_restore_any_more_are_gone_with_all_that_was_theirs(store: Store) -> None:
    tenant = await a_tenant(store)
    gone, stays = await a_user(store, tenant, phone=True), await a_user(store, tenant, phone=True)
    await a_group(store, tenant, admins=[gone, stays])
    connector = await a_connector(store, tenant)
    for user in (gone, stays):
        await a_grant(store, connector, user)
    async with store.write() as tx:
        await delete_user(tx, OPERATOR, tenant.id, gone.id, NOON)

    assert (await tidy_at(store, NOON + RESTORABLE - 1))["users"] == 0
    async with store.write() as tx:
        await restore_user(tx, OPERATOR, tenant.id, gone.id, NOON + RESTORABLE - 1)
        await delete_user(tx, OPERATOR, tenant.id, gone.id, NOON)
    assert (await tidy_at(store, NOON + RESTORABLE))["users"] == 1
    for table in ("users", "password_credentials", "phones", "group_members", "grants", "refresh_tokens"):
        assert await count(store, table) == 1, table
    with pytest.raises(NotFound):
        async with store.write() as tx:
            await restore_user(tx, OPERATOR, tenant.id, gone.id, NOON)
    async with store.read() as read:
        trail = await audit_events.list_latest(read, tenant.id, 100)
    [purged] = [event.data for event in trail if event.type == "user.purged"]
    assert json.loads(purged)["user_id"] == gone.id


async def test_expired_secrets_are_forgotten_a_month_after_their_end_and_others_never(store: Store) -> None:
    tenant = await a_tenant(store)
    connector = await a_connector(store, tenant)
    for lifetime in (DAY, 100 * DAY):
        await a_grant(store, connector, await a_user(store, tenant), lifetime=lifetime)
    assert (await tidy_at(store, NOON + 31 * DAY))["refresh_tokens"] == 0
    assert (await tidy_at(store, NOON + 31 * DAY + 1))["refresh_tokens"] == 1
    assert await count(store, "refresh_tokens") == 1


KEPT = {
    "refresh_tokens": 30 * DAY,
    "authorization_codes": 30 * DAY,
    "device_tokens": 30 * DAY,
    "group_invitations": 30 * DAY,
    "sessions": 30 * DAY,
    "webhook_deliveries": 30 * DAY,
    "webhooks": 30 * DAY,
    "sign_ins": HOUR,
    "idempotency_keys": HOUR,
    "phone_pins": HOUR,
}
"""How long after its end a row of each table is still known."""


def test_every_table_that_keeps_something_for_a_time_is_walked() -> None:
    assert {table.table: kept for table, kept in housekeeping.KEPT.items()} == KEPT


def test_what_is_kept_for_an_hour_is_looked_at_in_each_round_and_the_rest_once_a_day() -> None:
    """So that no round walks what stays for a month."""
    assert {table for table, kept in housekeeping.KEPT.items() if kept == HOUR} == housekeeping.SHORT.keys()


@pytest.mark.parametrize("table", KEPT)
async def test_what_has_ended_is_kept_for_its_time_and_not_a_moment_longer(
    store: Store, town: Town, table: str
) -> None:
    """Others have the same, which ends later. A deleted tenant is not purged meanwhile."""
    tenant_id, end = town.home.tenant.id, NOON + MINUTE
    before = await count(store, table)
    async with store.write() as tx:
        if table == "webhook_deliveries":
            ends = "UPDATE webhook_deliveries SET delivered_at = :end, due_at = NULL WHERE tenant_id = :tenant"
        else:
            await tx.run(f"UPDATE {table} SET expires_at = :later", later=end + 100 * DAY)
            ends = f"UPDATE {table} SET expires_at = :end WHERE tenant_id = :tenant"
        rows = await tx.run(ends, end=end, tenant=tenant_id)
    assert 1 < rows < before

    async def forgotten(now: Micros) -> int:
        return (await tidy(store, OPERATOR, FakeClock(now), housekeeping.KEPT, 100 * DAY))[table]

    assert await forgotten(end + KEPT[table]) == 0
    assert await forgotten(end + KEPT[table] + 1) == rows
    assert await count(store, table) == before - rows
    async with store.read() as read:
        assert await read.all(str, f"SELECT tenant_id FROM {table} WHERE tenant_id = :id", id=tenant_id) == []


async def insert_pin(
    tx: Tx, tenant_id: TenantId, number: str, purpose: str, *, expires_at: Micros, window_at: Micros = NOON
) -> None:
    await tx.run(
        """
        INSERT INTO phone_pins (tenant_id, number, purpose, pin_hash, tries_left, created_at, expires_at,
                                window_started_at, sent_in_window)
        VALUES (:tenant_id, :number, :purpose, :hash, 5, :now, :end, :window, 1)
        """,
        tenant_id=tenant_id,
        number=number,
        purpose=purpose,
        hash=b"h",
        now=NOON,
        end=expires_at,
        window=window_at,
    )


async def test_pins_are_forgotten_an_hour_after_their_end_and_the_hour_they_count(store: Store) -> None:
    tenant = await a_tenant(store)
    async with store.write() as tx:
        window = NOON + 2 * MINUTE
        await insert_pin(tx, tenant.id, "+12065550001", "sign_in", expires_at=NOON + MINUTE, window_at=window)
    left = []
    for moment in (MINUTE + HOUR + 1, 2 * MINUTE + HOUR, 2 * MINUTE + HOUR + 1):
        await tidy_at(store, NOON + moment)
        left.append(await count(store, "phone_pins"))
    assert left == [1, 1, 0]


async def test_of_a_number_the_pin_that_ended_goes_and_that_of_another_purpose_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 1)
    tenant = await a_tenant(store)
    async with store.write() as tx:
        for number in ("+12065550001", "+12065550002"):
            await insert_pin(tx, tenant.id, number, "confirm", expires_at=NOON + DAY)
            await insert_pin(tx, tenant.id, number, "sign_in", expires_at=NOON)
    assert (await tidy_at(store, NOON + 2 * HOUR))["phone_pins"] == 2
    async with store.read() as read:
        assert await read.all(str, "SELECT purpose FROM phone_pins") == ["confirm"] * 2


async def test_what_stays_does_not_keep_the_walk_from_what_comes_after_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    tenant = await a_tenant(store)
    async with store.write() as tx:
        for number in range(7):
            stays = number in (0, 1, 2, 5)
            end = NOON + (DAY if stays else 0)
            await idempotency.claim(tx, tenant.id, bytes([number]) * 32, now=NOON - 1, expires_at=end)
    async with asyncio.timeout(60):
        assert (await tidy_at(store, NOON + HOUR + 1))["idempotency_keys"] == 3
    assert await count(store, "idempotency_keys") == 4


async def test_webhooks_that_ended_are_forgotten_after_what_they_were_sent_and_what_waits_stays(store: Store) -> None:
    tenant = await a_tenant(store)
    ended, stays = await a_webhook(store, tenant, None), await a_webhook(store, tenant, None)
    for webhook_id in (ended, stays):
        for moment in (NOON, NOON + 2 * DAY):
            async with store.write() as tx:
                await send_test(tx, OPERATOR, tenant.id, webhook_id, moment)
    async with store.write() as tx:
        await delete_webhook(tx, OPERATOR, tenant.id, ended, NOON + 2 * DAY)
        [older] = await webhook_deliveries.list_latest(tx, tenant.id, stays, before=f"{NOON + 1:014x}", limit=9)
        await webhook_deliveries.mark_delivered(tx, tenant.id, older.id, NOON)
    forgotten = await tidy_at(store, NOON + 31 * DAY)
    assert (forgotten["webhook_deliveries"], forgotten["webhooks"]) == (2, 0)
    forgotten = await tidy_at(store, NOON + 33 * DAY)
    assert (forgotten["webhook_deliveries"], forgotten["webhooks"]) == (1, 1)
    assert await count(store, "webhook_deliveries") == 1  # it waits


async def test_a_round_reaches_every_page_of_every_tenant(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    monkeypatch.setattr(purging, "BATCH", 2)
    tenants = [await a_tenant(store) for _ in range(5)]
    for tenant in tenants[:3]:
        users = [await a_user(store, tenant) for _ in range(5)]
        groups = [await a_group(store, tenant, admins=users[:1]) for _ in range(3)]
        async with store.write() as tx:
            for number in range(5):
                await idempotency.claim(tx, tenant.id, bytes([number]) * 32, now=NOON, expires_at=NOON + number)
            for group in groups:
                await delete_group(tx, OPERATOR, tenant.id, group, NOON)
            for user in users[1:]:
                await delete_user(tx, OPERATOR, tenant.id, user.id, NOON)
    async with store.write() as tx:
        await delete_tenant(tx, OPERATOR, tenants[1].id, NOON)
    forgotten = await tidy_at(store, NOON + RESTORABLE)
    assert (forgotten["users"], forgotten["groups"], forgotten["idempotency_keys"]) == (12, 9, 15)
    assert sum((await tidy_at(store, NOON + RESTORABLE)).values()) == 0


async def test_a_round_asks_no_more_of_the_store_when_there_are_more_tenants(store: Store) -> None:
    counting = CountingStore(store)
    asked = []
    for more in (1, 20):
        for _ in range(more):
            await a_user(store, await a_tenant(store))
        with counting.counting() as cost:
            await tidy_at(counting, NOON + HOUR)
        asked.append((cost.looks, cost.commits))
    assert asked == [(len(KEPT) + 4, 0)] * 2


async def test_a_round_with_nothing_to_forget_writes_nothing(store: Store) -> None:
    tenant = await a_tenant(store)
    await a_grant(store, await a_connector(store, tenant), await a_user(store, tenant))

    class ReadOnly:
        engine = store.engine
        read = store.read
        queue = store.queue
        close = store.close

        async def run(self, _sql: str, /, **_params: Value) -> int:
            raise AssertionError("wrote")

        async def run_each(self, _sql: str, _rows: object, /) -> NoReturn:
            raise AssertionError("wrote")

        async def transact(self, _work: object) -> NoReturn:
            raise AssertionError("wrote")

        @asynccontextmanager
        async def write(self) -> AsyncIterator[Tx]:
            raise AssertionError("wrote")
            yield  # type: ignore[unreachable]

    await tidy(ReadOnly(), OPERATOR, FakeClock(NOON + HOUR))


async def test_two_processes_that_tidy_at_once_audit_each_user_once(store: Store) -> None:
    tenant = await a_tenant(store)
    users = [await a_user(store, tenant) for _ in range(5)]
    async with store.write() as tx:
        for user in users:
            await delete_user(tx, OPERATOR, tenant.id, user.id, NOON)
    rounds = await asyncio.gather(*(tidy_at(store, NOON + RESTORABLE) for _ in range(4)))
    assert sum(forgotten["users"] for forgotten in rounds) == 5
    async with store.read() as read:
        trail = await audit_events.list_latest(read, tenant.id, 100)
    assert sum(event.type == "user.purged" for event in trail) == 5
    async with store.read() as read:
        assert await grant_rows.list_of_tenant(read, tenant.id, NOON, "", 10) == []


async def test_a_server_looks_at_everything_when_it_starts_and_then_once_a_day(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "FIRST_AFTER_SECONDS", 0)
    monkeypatch.setattr(housekeeping, "EVERY_SECONDS", 0)
    rounds: list[int] = []
    over = asyncio.Event()

    async def round_of(*args: Any, pause: float) -> dict[str, int]:
        rounds.append(len(args[3]))
        if len(rounds) == 3:
            raise StoreBusy
        if len(rounds) == 25:
            over.set()
            await asyncio.Event().wait()
        return {}

    monkeypatch.setattr(housekeeping, "tidy", round_of)
    store = await open_store(sqlite_url)
    task = asyncio.create_task(housekeeping.keep_tidy(store, FakeClock(NOON)))
    await asyncio.wait_for(over.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.close()
    hourly, all_of_them = len(housekeeping.SHORT), len(KEPT)
    assert rounds == [all_of_them, *[hourly] * 23, all_of_them]
