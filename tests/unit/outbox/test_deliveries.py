"""Events on their way: claimed once, retried with growing patience, given up with the webhook."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import msgspec
import pytest

from tenantry.access.actions import Permission
from tenantry.connectors.connectors import delete_connector
from tenantry.connectors.permissions import change_permissions, seen_of
from tenantry.core.clock import DAY, HOUR, MINUTE
from tenantry.core.errors import FailedPrecondition
from tenantry.core.http import OutgoingHttp
from tenantry.core.ids import GrantId
from tenantry.directory.tenants import delete_tenant, disable_tenant, enable_tenant
from tenantry.outbox.deliveries import LEASE, RETRIES, retry_delay, send_again
from tenantry.outbox.handshake import ProvenUrl
from tenantry.outbox.sender import Sender
from tenantry.outbox.webhooks import MOST_OF_ONE_OBJECT, Wishes, delete_webhook, send_test, update_webhook
from tenantry.store.connectors import connectors
from tenantry.store.outbox import webhook_deliveries
from tenantry.store.trail import audit_events
from tenantry.tokens.grants import revoke_grant
from tests.support.builders import OPERATOR, a_connector, a_grant, a_group, a_tenant, a_user
from tests.support.receiver import a_receiver
from tests.unit.outbox.conftest import KEY, Outbox


async def test_an_event_is_posted_once_with_its_token(outbox: Outbox) -> None:
    webhook_id = await outbox.register(callback_token="s3cret")
    await outbox.add(outbox.bob)
    assert await outbox.deliver(webhook_id) is True
    assert await outbox.deliver(webhook_id) is False
    [row] = await outbox.waiting(webhook_id)
    assert outbox.receiver.events == [json.loads(row.body)]
    assert outbox.receiver.tokens == ["s3cret"]
    assert (row.due_at, row.delivered_at, row.attempts, row.last_error) == (None, outbox.clock(), 1, None)


async def test_without_a_token_there_is_no_header(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    await outbox.deliver(webhook_id)
    assert outbox.receiver.tokens == [None]


async def test_of_two_servers_one_sends(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    people = [await a_user(outbox.store, outbox.tenant) for _ in range(5)]
    await outbox.add(*people)
    while any(await asyncio.gather(*(outbox.deliver(webhook_id) for _ in range(4)))):
        pass
    told = [event["eventId"] for event in outbox.receiver.events]
    assert len(told) == len(set(told)) == 5


async def test_events_of_one_webhook_go_out_in_the_order_of_the_changes(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    for _ in range(3):
        await outbox.add(outbox.bob)
        await outbox.remove(outbox.bob)
    while await outbox.deliver(webhook_id):
        pass
    assert [event["eventType"] for event in outbox.receiver.events] == ["MemberAdded", "MemberRemoved"] * 3


async def test_what_a_dead_server_had_claimed_is_sent_when_its_lease_is_over(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    outbox.receiver.open.clear()
    dying = asyncio.create_task(outbox.deliver(webhook_id))
    await outbox.receiver.until(1)
    dying.cancel()
    outbox.receiver.open.set()
    assert await outbox.deliver(webhook_id) is False
    outbox.clock.advance(LEASE)
    assert await outbox.deliver(webhook_id) is True
    first, second = outbox.receiver.events
    assert first == second


async def test_a_receiver_that_fails_is_tried_seven_times_in_two_days_and_then_disabled(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    outbox.receiver.status = 500
    began = outbox.clock()
    for attempt in range(1, RETRIES + 1):
        assert await outbox.deliver(webhook_id) is True
        assert await outbox.deliver(webhook_id) is False
        [row] = await outbox.waiting(webhook_id)
        assert (row.attempts, row.last_error, row.due_at) == (
            attempt,
            "it answered 500",
            outbox.clock() + retry_delay(attempt),
        )
        outbox.clock.advance(retry_delay(attempt))
    await outbox.add(outbox.anna, await a_user(outbox.store, outbox.tenant))  # waits, and is given up too
    assert outbox.clock() - began < 2 * DAY
    assert await outbox.deliver(webhook_id) is True
    rows = await outbox.waiting(webhook_id)
    assert [(row.due_at, row.delivered_at) for row in rows] == [(None, None)] * 2
    assert [row.last_error for row in rows] == ["it answered 500", "the webhook was disabled"]
    webhook = await outbox.webhook(webhook_id)
    assert webhook.disabled_at == outbox.clock()
    assert "7 attempts; at the last one it answered 500" in str(webhook.disabled_reason)
    async with outbox.store.read() as read:
        [event] = [
            event
            for event in await audit_events.list_latest(read, outbox.tenant.id, 10)
            if event.type == "webhook.disabled"
        ]
    assert (event.actor, json.loads(event.data)["webhook_id"]) == ("operator", webhook_id)


def test_retries_grow_and_end_within_two_days() -> None:
    delays = [retry_delay(attempt) for attempt in range(1, RETRIES + 1)]
    assert delays[0] == 2 * MINUTE
    assert all(later == 4 * earlier for earlier, later in pairwise(delays))
    assert 40 * HOUR < sum(delays) < 2 * DAY


@pytest.mark.parametrize("status", [301, 302, 400, 404, 429, 503])
async def test_nothing_but_a_2xx_is_a_delivery_and_no_redirect_is_followed(outbox: Outbox, status: int) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    outbox.receiver.status = status
    await outbox.deliver(webhook_id)
    [row] = await outbox.waiting(webhook_id)
    assert (row.delivered_at, row.last_error) == (None, f"it answered {status}")
    assert len(outbox.receiver.events) == 1


async def test_a_receiver_that_is_gone_or_in_a_private_network_is_a_failure_with_its_reason(outbox: Outbox) -> None:
    gone = await outbox.register(url="http://127.0.0.1:1/")
    inside = await outbox.register(url="https://169.254.169.254/latest")
    await outbox.add(outbox.bob)
    await outbox.deliver(gone)
    outbox.http = OutgoingHttp()
    await outbox.deliver(inside)
    errors = [(await outbox.waiting(one))[0].last_error for one in (gone, inside)]
    assert errors == ["no answer: ConnectionRefusedError", "the address is in a private network"]


@pytest.mark.parametrize(
    "end",
    [
        *("webhook deleted", "webhook disabled", "webhook expired", "app deleted", "app revoked"),
        *("app may have none any more", "closed"),
    ],
)
async def test_nothing_is_sent_to_what_has_ended_meanwhile(outbox: Outbox, end: str) -> None:
    store, tenant, now = outbox.store, outbox.tenant, outbox.clock()
    webhook_id = await outbox.register(expires_at=now + DAY)
    await outbox.add(outbox.bob)
    connector = await a_connector(store, tenant)
    given = await a_grant(store, connector, outbox.anna, now=now)
    async with store.write() as tx:
        match end:
            case "webhook deleted":
                await delete_webhook(tx, OPERATOR, tenant.id, webhook_id, now)
            case "webhook disabled":
                await update_webhook(tx, KEY, OPERATOR, tenant.id, webhook_id, Wishes(), now, active=False)
            case "app deleted":
                await tx.run("UPDATE webhooks SET connector_id = :c WHERE tenant_id = :t", c=connector.id, t=tenant.id)
                await delete_connector(tx, OPERATOR, tenant.id, connector.id, now)
            case "app revoked":
                set_app = "UPDATE webhooks SET connector_id = :c, created_by = :u WHERE tenant_id = :t"
                await tx.run(set_app, c=connector.id, u=f"user:{outbox.anna.id}", t=tenant.id)
                await revoke_grant(tx, OPERATOR, tenant.id, GrantId(given.id), "by_user", now)
            case "app may have none any more":
                set_app = "UPDATE webhooks SET connector_id = :c, created_by = :u WHERE tenant_id = :t"
                await tx.run(set_app, c=connector.id, u=f"user:{outbox.anna.id}", t=tenant.id)
                found = await connectors.find(tx, tenant.id, connector.id)
                assert found is not None
                kept = [Permission.GROUP_MEMBERS]
                await change_permissions(tx, OPERATOR, tenant.id, connector.id, kept, seen=seen_of(found), now=now)
            case "closed":
                await delete_tenant(tx, OPERATOR, tenant.id, now)
            case _:
                outbox.clock.advance(DAY)
    assert await outbox.deliver(webhook_id) is False
    [row] = await outbox.waiting(webhook_id)
    assert row.due_at is None
    assert str(row.last_error).startswith("the webhook")
    assert outbox.receiver.events == []


async def test_what_waits_in_a_disabled_tenant_is_sent_when_it_is_enabled(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)

    async def due() -> set[str]:
        async with outbox.store.read() as read:
            listed = await webhook_deliveries.list_due(read, outbox.tenant.id)
            following = await webhook_deliveries.find_next_due(read, outbox.tenant.id, webhook_id)
        assert (following is None) == (not listed)
        return {one.webhook_id for one in listed}

    async with outbox.store.write() as tx:
        await disable_tenant(tx, OPERATOR, outbox.tenant.id, outbox.clock())
    assert await outbox.deliver(webhook_id) is False
    assert await due() == set()
    outbox.clock.advance(30 * DAY)
    assert outbox.receiver.events == []
    async with outbox.store.write() as tx:
        await enable_tenant(tx, OPERATOR, outbox.tenant.id, outbox.clock())
    assert await due() == {webhook_id}
    assert await outbox.deliver(webhook_id) is True
    assert len(outbox.receiver.events) == 1


async def test_what_waits_in_a_tenant_that_was_disabled_and_then_deleted_is_given_up(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    async with outbox.store.write() as tx:
        await disable_tenant(tx, OPERATOR, outbox.tenant.id, outbox.clock())
        await delete_tenant(tx, OPERATOR, outbox.tenant.id, outbox.clock())
        assert len(await webhook_deliveries.list_due(tx, outbox.tenant.id)) == 1
        assert await webhook_deliveries.find_next_due(tx, outbox.tenant.id, webhook_id) is not None
    assert await outbox.deliver(webhook_id) is False
    [row] = await outbox.waiting(webhook_id)
    assert row.due_at is None


async def test_what_was_given_up_is_sent_again_by_hand_as_the_same_event(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    [row] = await outbox.waiting(webhook_id)
    async with outbox.store.write() as tx:
        with pytest.raises(FailedPrecondition, match="waits"):
            await send_again(tx, OPERATOR, outbox.tenant.id, webhook_id, row.id, outbox.clock())
    await outbox.deliver(webhook_id)
    async with outbox.store.write() as tx:
        await send_again(tx, OPERATOR, outbox.tenant.id, webhook_id, row.id, outbox.clock())
    await outbox.deliver(webhook_id)
    assert outbox.receiver.events[0] == outbox.receiver.events[1]
    assert "webhook.event_repeated" in await outbox.trail()


async def test_a_test_event_says_what_it_is_and_needs_a_live_webhook(outbox: Outbox) -> None:
    webhook_id = await outbox.register(["GroupAdded"])
    async with outbox.store.write() as tx:
        await send_test(tx, OPERATOR, outbox.tenant.id, webhook_id, outbox.clock())
    await outbox.deliver(webhook_id)
    [event] = outbox.receiver.events
    assert (event["eventType"], event["objectId"], event["subscriptionId"]) == ("TestEvent", outbox.group, webhook_id)
    async with outbox.store.write() as tx:
        await update_webhook(tx, KEY, OPERATOR, outbox.tenant.id, webhook_id, Wishes(), outbox.clock(), active=False)
        with pytest.raises(FailedPrecondition, match="disabled"):
            await send_test(tx, OPERATOR, outbox.tenant.id, webhook_id, outbox.clock())
        await update_webhook(tx, KEY, OPERATOR, outbox.tenant.id, webhook_id, Wishes(), outbox.clock(), active=True)
        await send_test(tx, OPERATOR, outbox.tenant.id, webhook_id, outbox.clock())


async def test_the_token_of_another_app_does_not_follow_to_a_new_address(outbox: Outbox) -> None:
    webhook_id = await outbox.register(callback_token="of-the-operator")
    app = await a_connector(outbox.store, outbox.tenant)
    stranger = msgspec.structs.replace(OPERATOR, connector_id=app.id)
    for url, kept in ((outbox.receiver.url, True), ("https://elsewhere.example/", False)):
        async with outbox.store.write() as tx:
            proven = ProvenUrl(url)
            await update_webhook(
                tx, KEY, stranger, outbox.tenant.id, webhook_id, Wishes(), outbox.clock(), callback_url=proven
            )
        assert ((await outbox.webhook(webhook_id)).callback_token is not None) is kept


@pytest.fixture
def sender(outbox: Outbox) -> Sender:
    return Sender(outbox.store, outbox.http, KEY, outbox.clock, 100)


async def test_the_sender_is_woken_by_the_change(outbox: Outbox, sender: Sender) -> None:
    await outbox.register()
    running = asyncio.create_task(sender.run())
    with sender.listening():
        await outbox.add(outbox.bob)
    with sender.listening():
        await outbox.remove(outbox.bob)
    events = await outbox.receiver.until(2)
    assert [event["eventType"] for event in events] == ["MemberAdded", "MemberRemoved"]
    running.cancel()


async def test_a_walk_finds_what_a_killed_server_left_in_the_outbox(outbox: Outbox, sender: Sender) -> None:
    await outbox.register()
    await outbox.add(outbox.bob)  # and nobody listened
    running = asyncio.create_task(sender.run())
    await sender.walk()
    assert len(await outbox.receiver.until(1)) == 1
    running.cancel()


async def test_a_slow_receiver_holds_up_nobody_else(outbox: Outbox, sender: Sender) -> None:
    async with a_receiver() as slow:
        slow.open.clear()
        for _ in range(6):
            await outbox.register(url=slow.url)
        people = [await a_user(outbox.store, outbox.tenant) for _ in range(3)]
        running = asyncio.create_task(sender.run())
        with sender.listening():
            await outbox.add(*people)
        await slow.until(4)
        other = await a_tenant(outbox.store)
        ann, ben = await a_user(outbox.store, other), await a_user(outbox.store, other)
        quick = Outbox(outbox.store, outbox.receiver, other, ann, ben, await a_group(outbox.store, other, admins=[ann]))
        await quick.register()
        with sender.listening():
            await quick.add(quick.bob)
        assert len(await outbox.receiver.until(1)) == 1
        assert len(slow.events) == 4
        slow.open.set()
        assert len(await slow.until(18)) == 18
        running.cancel()


async def test_an_expired_webhook_does_not_come_back_as_one_too_many(outbox: Outbox) -> None:
    expired = await outbox.register(expires_at=outbox.clock() + DAY)
    outbox.clock.advance(DAY)
    for _ in range(MOST_OF_ONE_OBJECT):
        await outbox.register()
    wishes = Wishes(expires_at=outbox.clock() + DAY)
    async with outbox.store.write() as tx:
        with pytest.raises(FailedPrecondition, match="most there may be"):
            await update_webhook(tx, KEY, OPERATOR, outbox.tenant.id, expired, wishes, outbox.clock())
