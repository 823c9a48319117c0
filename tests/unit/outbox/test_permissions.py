"""Webhooks over a group are its admins'; each thing that is done to one asks first, and says so in the trail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tenantry.access.actions import Action
from tenantry.core.caller import Caller
from tenantry.core.clock import DAY
from tenantry.core.errors import FailedPrecondition, Forbidden, InvalidValue
from tenantry.core.ids import TenantId
from tenantry.outbox.changes import listening
from tenantry.outbox.deliveries import send_again
from tenantry.outbox.handshake import ProvenUrl, prove
from tenantry.outbox.webhooks import (
    LONGEST_VALIDITY,
    ObjectType,
    Subject,
    Wishes,
    delete_webhook,
    get_webhook,
    list_webhooks,
    register_webhook,
    send_test,
    update_webhook,
)
from tenantry.store.engine.interface import Tx
from tests.support.builders import OPERATOR, as_user
from tests.unit.outbox.conftest import KEY, Outbox

Deed = Callable[[Tx, Outbox, Caller, str], Awaitable[object]]

DEEDS: dict[str, Deed] = {
    "list": lambda tx, o, by, _: list_webhooks(tx, by, o.tenant.id, Subject(ObjectType.GROUP, o.group), o.clock()),
    "read": lambda tx, o, by, one: get_webhook(tx, by, Action.READ_WEBHOOKS, o.tenant.id, one, o.clock()),
    "register": lambda tx, o, by, _: register_webhook(
        tx,
        KEY,
        by,
        o.tenant.id,
        Subject(ObjectType.GROUP, o.group),
        ProvenUrl("https://a.example/"),
        Wishes(event_types=["MemberAdded"]),
        o.clock(),
    ),
    "update": lambda tx, o, by, one: update_webhook(
        tx, KEY, by, o.tenant.id, one, Wishes(event_types=["MemberAdded"]), o.clock()
    ),
    "try": lambda tx, o, by, one: send_test(tx, by, o.tenant.id, one, o.clock()),
    "disable": lambda tx, o, by, one: update_webhook(tx, KEY, by, o.tenant.id, one, Wishes(), o.clock(), active=False),
    "enable": lambda tx, o, by, one: update_webhook(tx, KEY, by, o.tenant.id, one, Wishes(), o.clock(), active=True),
    "delete": lambda tx, o, by, one: delete_webhook(tx, by, o.tenant.id, one, o.clock()),
}
"""In an order in which one can be done after the other."""
MARKS = {
    "register": "webhook.registered",
    "update": "webhook.updated",
    "try": "webhook.tested",
    "disable": "webhook.disabled",
    "enable": "webhook.enabled",
    "delete": "webhook.deleted",
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_who_does_not_administer_the_group_does_nothing_with_its_webhooks(outbox: Outbox, deed: str) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    before = await outbox.trail()
    async with outbox.store.write() as tx:
        with pytest.raises(Forbidden):
            await DEEDS[deed](tx, outbox, as_user(outbox.bob), webhook_id)
    assert await outbox.trail() == before


async def test_its_admin_does_each_and_leaves_a_mark(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    before = len(await outbox.trail())
    for deed in DEEDS.values():
        async with outbox.store.write() as tx:
            await deed(tx, outbox, as_user(outbox.anna), webhook_id)
    assert (await outbox.trail())[before:] == list(MARKS.values())


async def test_a_webhook_asks_for_something_when_it_is_registered(outbox: Outbox) -> None:
    subject = Subject(ObjectType.GROUP, outbox.group)
    async with outbox.store.write() as tx:
        with pytest.raises(InvalidValue):
            await register_webhook(
                tx, KEY, OPERATOR, outbox.tenant.id, subject, ProvenUrl("https://a.example/"), Wishes(), outbox.clock()
            )


async def test_an_empty_token_takes_the_old_one_away_and_none_leaves_it(outbox: Outbox) -> None:
    webhook_id = await outbox.register(callback_token="s3cret")
    for wishes, has_token in ((Wishes(context="x"), True), (Wishes(callback_token=""), False)):
        async with outbox.store.write() as tx:
            await update_webhook(tx, KEY, OPERATOR, outbox.tenant.id, webhook_id, wishes, outbox.clock())
        assert ((await outbox.webhook(webhook_id)).callback_token is not None) == has_token


async def test_nothing_lasts_longer_than_two_years(outbox: Outbox) -> None:
    now = outbox.clock()
    webhook_id = await outbox.register(expires_at=now + 10 * LONGEST_VALIDITY)
    assert (await outbox.webhook(webhook_id)).expires_at == now + LONGEST_VALIDITY


async def test_who_sends_an_event_again_wakes_the_sender(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    await outbox.deliver(webhook_id)
    [row] = await outbox.waiting(webhook_id)
    with listening() as heard:
        async with outbox.store.write() as tx:
            await send_again(tx, OPERATOR, outbox.tenant.id, webhook_id, row.id, outbox.clock())
    assert heard == {(outbox.tenant.id, webhook_id): 1}


async def test_an_address_with_a_fragment_is_told_what_is_wrong_with_it(outbox: Outbox) -> None:
    with pytest.raises(InvalidValue, match="no #"):
        await prove(outbox.http, f"{outbox.receiver.url}#there", None, tenant_id=TenantId("t"))


@pytest.mark.parametrize("end", ["disabled", "expired"])
async def test_to_what_gets_nothing_nothing_is_sent_by_hand(outbox: Outbox, end: str) -> None:
    webhook_id = await outbox.register(expires_at=outbox.clock() + DAY)
    await outbox.add(outbox.bob)
    await outbox.deliver(webhook_id)
    [row] = await outbox.waiting(webhook_id)
    if end == "expired":
        outbox.clock.advance(DAY)
    async with outbox.store.write() as tx:
        if end == "disabled":
            await DEEDS["disable"](tx, outbox, OPERATOR, webhook_id)
        with pytest.raises(FailedPrecondition):
            await send_test(tx, OPERATOR, outbox.tenant.id, webhook_id, outbox.clock())
        with pytest.raises(FailedPrecondition):
            await send_again(tx, OPERATOR, outbox.tenant.id, webhook_id, row.id, outbox.clock())
    assert len(await outbox.waiting(webhook_id)) == 1
