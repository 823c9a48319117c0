"""Receivers that do not keep up, servers that stop in the middle, twins, and a master key that changed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from contextlib import suppress

import pytest

from tenantry.connectors.connectors import delete_connector
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import DomainError, FailedPrecondition
from tenantry.core.ids import ConnectorId, GrantId
from tenantry.directory.tenants import delete_tenant
from tenantry.directory.users import delete_user, restore_user
from tenantry.outbox.callback_tokens import UNREADABLE
from tenantry.outbox.deliveries import LEASE, RETRIES, deliver_next, disable_if_overfull, retry_delay
from tenantry.outbox.sender import Sender
from tenantry.outbox.webhooks import (
    GIVEN_UP_AT_ONCE,
    MOST_OF_ONE_OBJECT,
    ObjectType,
    Subject,
    Wishes,
    delete_webhook,
    disable,
    send_test,
    update_webhook,
)
from tenantry.store.engine.interface import Value
from tenantry.store.outbox import webhook_deliveries, webhooks
from tenantry.tokens.grants import revoke_grant
from tenantry.tokens.keys.master_key import MasterKey
from tests.support.builders import OPERATOR, SomeConnector, a_connector, a_grant, a_user
from tests.support.faults import FaultyStore, InjectedFault
from tests.support.queries import counted_queries
from tests.support.receiver import a_receiver
from tests.unit.outbox.conftest import KEY, Outbox

MOST = 20


async def fill(outbox: Outbox, webhook_id: str, count: int, due_at: Micros | None = None) -> None:
    """So many events that wait, written as changes write them."""
    now = outbox.clock() if due_at is None else due_at
    tenant_id, first = outbox.tenant.id, len(await outbox.waiting(webhook_id))
    rows: list[Mapping[str, Value]] = [
        {
            "tenant_id": tenant_id,
            "id": f"{first + n:014x}",
            "webhook_id": webhook_id,
            "event_type": "TestEvent",
            "body": "{}",
            "now": now,
        }
        for n in range(count)
    ]
    async with outbox.store.write() as tx:
        await webhook_deliveries.insert_all(tx, rows)


async def count_waiting(outbox: Outbox, webhook_id: str) -> int:
    async with outbox.store.read() as read:
        return await webhook_deliveries.count_waiting(read, outbox.tenant.id, webhook_id, 1_000_000)


async def until_nothing_waits(outbox: Outbox, webhook_id: str) -> None:
    async with asyncio.timeout(10):
        while await count_waiting(outbox, webhook_id):  # noqa: ASYNC110 - the database knows, and tells nobody
            await asyncio.sleep(0.01)


async def disabled_reasons(outbox: Outbox) -> list[str]:
    async with outbox.store.read() as read:
        return await read.all(
            str,
            "SELECT data FROM audit_events WHERE tenant_id = :t AND type = 'webhook.disabled' ORDER BY id",
            t=outbox.tenant.id,
        )


@pytest.fixture
def sender(outbox: Outbox) -> Sender:
    return Sender(outbox.store, outbox.http, KEY, outbox.clock, MOST)


async def test_as_many_as_may_wait_do_and_one_more_disables_the_webhook_once(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await fill(outbox, webhook_id, MOST)
    twice = [disable_if_overfull(outbox.store, outbox.tenant.id, webhook_id, MOST, outbox.clock) for _ in range(2)]
    await asyncio.gather(*twice)
    assert (await outbox.webhook(webhook_id)).disabled_at is None
    assert await count_waiting(outbox, webhook_id) == MOST
    await outbox.add(outbox.bob)
    twice = [disable_if_overfull(outbox.store, outbox.tenant.id, webhook_id, MOST, outbox.clock) for _ in range(2)]
    await asyncio.gather(*twice)
    webhook = await outbox.webhook(webhook_id)
    assert webhook.disabled_reason == (
        "more than 20 events waited: its receiver does not take them as fast as they come"
    )
    assert await count_waiting(outbox, webhook_id) == 0
    assert len(await disabled_reasons(outbox)) == 1
    await outbox.remove(outbox.bob)
    assert await count_waiting(outbox, webhook_id) == 0


async def test_what_a_receiver_does_not_take_in_time_is_bounded_while_it_is_still_asked(
    outbox: Outbox, sender: Sender
) -> None:
    """The other webhook of the same group goes on."""
    async with a_receiver() as slow:
        slow.open.clear()
        slow_id, quick_id = await outbox.register(url=slow.url), await outbox.register()
        running = asyncio.create_task(sender.run())
        for sent in range(2, MOST + 10, 2):
            with sender.listening():
                await outbox.add(outbox.bob)
                await outbox.remove(outbox.bob)
            await outbox.receiver.until(sent)
        await slow.until(1)
        slow.open.set()  # its answer is an end of the exchange; then they are counted
        await until_nothing_waits(outbox, slow_id)
        assert (await outbox.webhook(slow_id)).disabled_at is not None
        assert len(slow.events) < sent
        assert (await outbox.webhook(quick_id)).disabled_at is None
        running.cancel()


async def test_a_change_counts_nothing_however_much_waits(outbox: Outbox, sender: Sender) -> None:
    webhook_id = await outbox.register()
    asked = []
    for waiting in (0, MOST + 1):
        await fill(outbox, webhook_id, waiting)
        with sender.listening(), counted_queries(outbox.store) as queries:
            await outbox.add(await a_user(outbox.store, outbox.tenant))
        asked.append(queries)
    assert asked[0] == asked[1]
    assert not [sql for sql in asked[1] if "webhook_deliveries" in sql]


async def test_a_walk_bounds_what_another_process_enqueued(outbox: Outbox, sender: Sender) -> None:
    full, fair = await outbox.register(), await outbox.register()
    await fill(outbox, full, MOST + 1)
    async with outbox.store.write() as tx:
        await send_test(tx, OPERATOR, outbox.tenant.id, fair, outbox.clock())
    await sender.walk()
    assert [(await outbox.webhook(one)).disabled_at is None for one in (full, fair)] == [False, True]


async def test_one_event_that_fails_for_days_is_not_taken_for_a_queue(outbox: Outbox, sender: Sender) -> None:
    webhook_id = await outbox.register()
    await fill(outbox, webhook_id, 1, due_at=outbox.clock() + DAY)
    running = asyncio.create_task(sender.run())
    for sent in range(2, 2 * MOST, 2):
        with sender.listening():
            await outbox.add(outbox.bob)
            await outbox.remove(outbox.bob)
        await outbox.receiver.until(sent)
    running.cancel()
    assert (await outbox.webhook(webhook_id)).disabled_at is None


@pytest.mark.parametrize("end", ["disabled", "deleted"])
async def test_of_a_long_queue_the_request_gives_up_a_part_and_the_sender_the_rest(
    outbox: Outbox, sender: Sender, end: str
) -> None:
    webhook_id = await outbox.register()
    await fill(outbox, webhook_id, GIVEN_UP_AT_ONCE + 7, due_at=outbox.clock() + DAY)
    with sender.listening():
        async with outbox.store.write() as tx:
            if end == "disabled":
                await disable(tx, OPERATOR, outbox.tenant.id, webhook_id, "by hand", outbox.clock())
            else:
                await delete_webhook(tx, OPERATOR, outbox.tenant.id, webhook_id, outbox.clock())
    assert await count_waiting(outbox, webhook_id) == 7
    running = asyncio.create_task(sender.run())
    await until_nothing_waits(outbox, webhook_id)
    running.cancel()
    rows = await outbox.waiting(webhook_id)
    assert {row.last_error for row in rows[:GIVEN_UP_AT_ONCE]} == {f"the webhook was {end}"}
    assert outbox.receiver.events == []


async def test_a_server_that_stops_while_it_gives_up_leaves_the_rest_to_the_next(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await fill(outbox, webhook_id, GIVEN_UP_AT_ONCE + 3, due_at=outbox.clock() + DAY)
    async with outbox.store.write() as tx:
        await webhooks.disable(tx, outbox.tenant.id, webhook_id, "by hand", outbox.clock())
    left = []
    for fail_at in itertools.count(1):
        faulty = FaultyStore(outbox.store, fail_at=fail_at)
        try:
            await deliver_next(faulty, outbox.http, KEY, outbox.tenant.id, webhook_id, outbox.clock)
        except InjectedFault:
            left.append(await count_waiting(outbox, webhook_id))
        else:
            break
    assert sorted(set(left), reverse=True) == [GIVEN_UP_AT_ONCE + 3, 3, 0]
    assert await outbox.deliver(webhook_id) is False
    assert outbox.receiver.events == []


async def test_a_webhook_that_comes_back_while_its_old_events_are_given_up_keeps_its_new_ones(outbox: Outbox) -> None:
    """Twins at it again and again: of what is enqueued while it is enabled, nothing is given up."""
    webhook_id, tenant_id = await outbox.register(), outbox.tenant.id
    for round_ in range(20):
        async with outbox.store.write() as tx:
            await webhooks.disable(tx, tenant_id, webhook_id, "by hand", outbox.clock())

        async def come_back() -> None:
            async with outbox.store.write() as tx:
                await update_webhook(tx, KEY, OPERATOR, tenant_id, webhook_id, Wishes(), outbox.clock(), active=True)
            await outbox.add(outbox.bob)

        await asyncio.gather(*(outbox.deliver(webhook_id) for _ in range(3)), come_back())
        while await outbox.deliver(webhook_id):
            pass
        assert len(outbox.receiver.events) == round_ + 1
        async with outbox.store.write() as tx:  # so that he comes in anew
            await tx.run(
                "DELETE FROM group_members WHERE tenant_id = :t AND user_id = :u", t=tenant_id, u=outbox.bob.id
            )


async def test_a_token_of_another_master_key_is_a_failure_that_says_so_and_ends(outbox: Outbox) -> None:
    webhook_id = await outbox.register(callback_token="s3cret")
    await outbox.add(outbox.bob)
    other_key = MasterKey.from_base64(MasterKey.generate())
    for attempt in range(1, RETRIES + 2):
        assert await deliver_next(outbox.store, outbox.http, other_key, outbox.tenant.id, webhook_id, outbox.clock)
        [row] = await outbox.waiting(webhook_id)
        assert (row.attempts, row.last_error) == (attempt, UNREADABLE)
        outbox.clock.advance(retry_delay(attempt))
    webhook = await outbox.webhook(webhook_id)
    assert UNREADABLE in str(webhook.disabled_reason)
    assert outbox.receiver.events == []


async def test_a_token_that_is_entered_again_under_the_new_master_key_is_sent(outbox: Outbox) -> None:
    webhook_id = await outbox.register(callback_token="s3cret")
    await outbox.add(outbox.bob)
    key, tenant_id = MasterKey.from_base64(MasterKey.generate()), outbox.tenant.id
    await deliver_next(outbox.store, outbox.http, key, tenant_id, webhook_id, outbox.clock)
    async with outbox.store.write() as tx:
        wishes = Wishes(callback_token="s3cret")
        await update_webhook(tx, key, OPERATOR, tenant_id, webhook_id, wishes, outbox.clock())
    outbox.clock.advance(retry_delay(1))
    assert await deliver_next(outbox.store, outbox.http, key, tenant_id, webhook_id, outbox.clock)
    assert outbox.receiver.tokens == ["s3cret"]


async def app_with_webhook(outbox: Outbox, **given: object) -> tuple[SomeConnector, str, str]:
    """An app with a grant of Anna's, and a webhook of the group as registered through it; the grant's id."""
    connector = await a_connector(outbox.store, outbox.tenant)
    grant = await a_grant(outbox.store, connector, outbox.anna, now=outbox.clock(), **given)  # type: ignore[arg-type]
    webhook_id = await outbox.register()
    async with outbox.store.write() as tx:
        await tx.run(
            "UPDATE webhooks SET connector_id = :c, created_by = :u WHERE tenant_id = :t AND id = :id",
            c=connector.id,
            u=f"user:{outbox.anna.id}",
            t=outbox.tenant.id,
            id=webhook_id,
        )
    return connector, grant.id, webhook_id


@pytest.mark.parametrize("end", ["none", "revoked", "deleted"])
async def test_nothing_is_kept_for_an_app_that_may_know_nothing_any_more(outbox: Outbox, end: str) -> None:
    connector, grant_id, webhook_id = await app_with_webhook(outbox)
    async with outbox.store.write() as tx:
        if end == "revoked":
            await revoke_grant(tx, OPERATOR, outbox.tenant.id, GrantId(grant_id), "by_user", outbox.clock())
        elif end == "deleted":
            await delete_connector(tx, OPERATOR, outbox.tenant.id, ConnectorId(connector.id), outbox.clock())
    await outbox.add(outbox.bob)
    async with outbox.store.write() as tx:
        await delete_user(tx, OPERATOR, outbox.tenant.id, outbox.bob.id, outbox.clock())
        await restore_user(tx, OPERATOR, outbox.tenant.id, outbox.bob.id, outbox.clock())
    assert len(await outbox.waiting(webhook_id)) == (3 if end == "none" else 0)


async def test_an_app_hears_on_by_a_token_of_somebody_else_for_the_group_or_the_organisation(outbox: Outbox) -> None:
    other = await a_user(outbox.store, outbox.tenant)
    for given in ({"reach": Reach.GROUP, "group_id": outbox.group}, {"reach": Reach.TENANT}):
        connector, grant_id, webhook_id = await app_with_webhook(outbox)
        await a_grant(outbox.store, connector, other, now=outbox.clock(), **given)
        async with outbox.store.write() as tx:
            await revoke_grant(tx, OPERATOR, outbox.tenant.id, GrantId(grant_id), "by_user", outbox.clock())
        await outbox.add(outbox.bob)
        await outbox.remove(outbox.bob)
        assert len(await outbox.waiting(webhook_id)) == 2


@pytest.mark.parametrize("there_are", [0, MOST_OF_ONE_OBJECT - 1])
@pytest.mark.parametrize("of_tenant", [False, True])
async def test_of_twins_that_register_at_once_no_more_come_in_than_may(
    outbox: Outbox, of_tenant: bool, there_are: int
) -> None:
    for _ in range(there_are):
        await outbox.register(of_tenant=of_tenant)

    async def register() -> bool:
        try:
            await outbox.register(of_tenant=of_tenant)
        except FailedPrecondition:
            return False
        return True

    outcomes = await asyncio.gather(*(register() for _ in range(14)))
    assert sum(outcomes) == MOST_OF_ONE_OBJECT - there_are
    subject = Subject(ObjectType.TENANT, outbox.tenant.id) if of_tenant else Subject(ObjectType.GROUP, outbox.group)
    async with outbox.store.read() as read:
        found = await webhooks.list_of_object(read, outbox.tenant.id, subject.object_type, subject.object_id)
    assert len(found) == MOST_OF_ONE_OBJECT


async def test_nobody_registers_for_an_organisation_that_is_gone(outbox: Outbox) -> None:
    async with outbox.store.write() as tx:
        await delete_tenant(tx, OPERATOR, outbox.tenant.id, outbox.clock())
    with pytest.raises(DomainError):
        await outbox.register(of_tenant=True)


async def test_a_failing_commit_registers_nothing_and_a_second_try_does(outbox: Outbox) -> None:
    store = outbox.store
    for fail_at in itertools.count(1):
        outbox.store = FaultyStore(store, fail_at=fail_at)
        try:
            await outbox.register(of_tenant=True)
        except InjectedFault:
            async with store.read() as read:
                assert not await webhooks.list_of_object(read, outbox.tenant.id, "tenant", outbox.tenant.id)
        else:
            break
    outbox.store = store
    await outbox.register(of_tenant=True)


async def test_a_commit_that_fails_after_the_answer_sends_the_event_again(outbox: Outbox) -> None:
    """The claim stands, what became of it is lost: the same event comes once more when the lease is over."""
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    for fail_at in itertools.count(1):
        faulty, before = FaultyStore(outbox.store, fail_at=fail_at), len(outbox.receiver.events)
        with suppress(InjectedFault):
            await deliver_next(faulty, outbox.http, KEY, outbox.tenant.id, webhook_id, outbox.clock)
            break
        if len(outbox.receiver.events) > before:
            assert await outbox.deliver(webhook_id) is False
        outbox.clock.advance(LEASE)
    [row] = await outbox.waiting(webhook_id)
    assert row.delivered_at is not None
    assert len(outbox.receiver.events) > 1
    assert len({event["eventId"] for event in outbox.receiver.events}) == 1
