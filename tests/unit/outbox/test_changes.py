"""What a change puts into the outbox, and what it does not."""

from __future__ import annotations

import json

import pytest

from tenantry.core.clock import DAY
from tenantry.core.errors import DomainError, FailedPrecondition, InvalidValue
from tenantry.core.ids import UserId
from tenantry.directory.members import Newcomers, add_members
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.subscribers import add_subscribers, remove_subscriber
from tenantry.directory.users import delete_user, restore_user
from tenantry.outbox.changes import listening
from tenantry.outbox.webhooks import LONGEST_VALIDITY, MOST_OF_ONE_OBJECT, VALIDITY, delete_webhook, update_webhook
from tenantry.outbox.webhooks import Wishes as SomeWishes
from tests.support.builders import OPERATOR, SomeUser, a_group, a_user, as_user
from tests.support.queries import counted_queries
from tests.unit.outbox.conftest import KEY, Outbox


async def test_the_event_tells_who_came_who_did_it_and_which_webhook_it_is_for(outbox: Outbox) -> None:
    webhook_id = await outbox.register(context="shift 7")
    await outbox.add(outbox.bob)
    [row] = await outbox.waiting(webhook_id)
    event = json.loads(row.body)
    assert event.pop("eventId") not in ("", row.id)
    beside = {name: event.pop(name) for name in event["data"]}  # where a known receiver looks
    assert beside == event["data"]
    assert event == {
        "objectId": outbox.group,
        "objectType": "Group",
        "eventType": "MemberAdded",
        "data": {
            "member": outbox.bob.phone_number,
            "memberId": outbox.bob.id,
            "memberName": "Bob",
            "memberProfilePic": "",
            "type": "Member",
        },
        "context": "shift 7",
        "fromUser": outbox.anna.phone_number,
        "fromUserId": outbox.anna.id,
        "fromUserName": "Anna",
        "fromUserProfilePic": "",
        "subscriptionId": webhook_id,
    }
    assert (row.event_type, row.due_at, row.attempts) == ("MemberAdded", outbox.clock(), 0)


async def test_a_change_that_is_rolled_back_enqueues_nothing(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    nobody = SomeUser(UserId("nobody"), outbox.tenant.id, "nobody", None)
    with pytest.raises(InvalidValue):
        await outbox.add(outbox.bob, nobody)
    assert await outbox.waiting(webhook_id) == []


async def test_who_was_in_already_is_no_event_and_who_leaves_is_one(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    await outbox.add(outbox.bob)
    await outbox.add(outbox.bob)
    await outbox.remove(outbox.bob)
    rows = await outbox.waiting(webhook_id)
    assert [row.event_type for row in rows] == ["MemberAdded", "MemberRemoved"]
    assert json.loads(rows[1].body)["data"]["type"] == "Member"


async def test_subscribers_come_and_go_unheard(outbox: Outbox) -> None:
    group = await a_group(outbox.store, outbox.tenant, admins=[outbox.anna], subscribers=[])
    webhook_id = await outbox.register(group=group)
    name = outbox.bob.user_principal_name
    async with outbox.store.write() as tx:
        await add_subscribers(tx, OPERATOR, outbox.tenant.id, group, [name], now=outbox.clock())
        await remove_subscriber(tx, OPERATOR, outbox.tenant.id, group, outbox.bob.id, outbox.clock())
    assert await outbox.waiting(webhook_id) == []


async def test_only_webhooks_that_ask_for_it_are_told(outbox: Outbox) -> None:
    other = await a_group(outbox.store, outbox.tenant, admins=[outbox.anna])
    leaving = await outbox.register(["MemberRemoved"])
    elsewhere = await outbox.register(group=other)
    everywhere = await outbox.register(of_tenant=True)
    await outbox.add(outbox.bob)
    assert [len(await outbox.waiting(one)) for one in (leaving, elsewhere, everywhere)] == [0, 0, 1]
    assert json.loads((await outbox.waiting(everywhere))[0].body)["objectId"] == outbox.group


@pytest.mark.parametrize("end", ["expired", "disabled", "deleted"])
async def test_a_webhook_that_has_ended_is_told_nothing(outbox: Outbox, end: str) -> None:
    carl = await a_user(outbox.store, outbox.tenant)
    await outbox.add(outbox.bob)
    webhook_id = await outbox.register(expires_at=outbox.clock() + DAY)
    async with outbox.store.write() as tx:
        if end == "disabled":
            wishes = SomeWishes()
            await update_webhook(tx, KEY, OPERATOR, outbox.tenant.id, webhook_id, wishes, outbox.clock(), active=False)
        elif end == "deleted":
            await delete_webhook(tx, OPERATOR, outbox.tenant.id, webhook_id, outbox.clock())
    if end == "expired":
        outbox.clock.advance(DAY)
    told = await outbox.waiting(webhook_id)
    await outbox.add(carl)
    async with outbox.store.write() as tx:
        await delete_user(tx, OPERATOR, outbox.tenant.id, outbox.bob.id, outbox.clock())
    assert await outbox.waiting(webhook_id) == told


async def test_a_sub_group_is_told_to_the_group_above(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    below = await a_group(outbox.store, outbox.tenant, name="Below", admins=[outbox.anna], parent_id=outbox.group)
    [row] = await outbox.waiting(webhook_id)
    event = json.loads(row.body)
    assert (event["objectId"], event["eventType"]) == (outbox.group, "GroupAdded")
    assert event["data"] == {"groupId": below, "groupName": "Below", "groupType": "Group", "groupImageUrl": ""}
    assert (event["fromUserId"], event["fromUserName"]) == ("", "")


async def test_who_is_deleted_leaves_every_group_and_who_is_restored_comes_back(outbox: Outbox) -> None:
    other = await a_group(outbox.store, outbox.tenant, admins=[outbox.anna])
    here, everywhere = await outbox.register(), await outbox.register(of_tenant=True)
    await outbox.add(outbox.bob)
    await outbox.add(outbox.bob, group=other)
    async with outbox.store.write() as tx:
        await delete_user(tx, OPERATOR, outbox.tenant.id, outbox.bob.id, outbox.clock())
        await restore_user(tx, OPERATOR, outbox.tenant.id, outbox.bob.id, outbox.clock())
    kinds = [row.event_type for row in await outbox.waiting(here)]
    assert kinds == ["MemberAdded", "MemberRemoved", "MemberAdded"]
    rows = (await outbox.waiting(everywhere))[2:]
    left = [row.body for row in rows if row.event_type == "MemberRemoved"]
    assert {json.loads(body)["objectId"] for body in left} == {outbox.group, other}
    assert {json.loads(body)["data"]["memberName"] for body in left} == {"Bob"}
    assert len(rows) == 4


async def test_a_guest_who_proves_to_be_a_user_leaves_and_comes_as_that_user(outbox: Outbox) -> None:
    webhook_id, number = await outbox.register(), "+14255550177"
    async with outbox.store.write() as tx:
        newcomers = Newcomers(numbers=(number,))
        await add_members(tx, as_user(outbox.anna), outbox.tenant.id, outbox.group, newcomers, outbox.clock())
    async with outbox.store.write() as tx:
        await add_verified_phone(tx, OPERATOR, outbox.tenant.id, outbox.bob.id, number, outbox.clock())
    rows = await outbox.waiting(webhook_id)
    assert [row.event_type for row in rows] == ["MemberAdded", "MemberRemoved", "MemberAdded"]
    told = [UserId(json.loads(row.body)["data"]["memberId"]) for row in rows]
    assert told[0] == told[1] != told[2] == outbox.bob.id


async def test_without_webhooks_a_change_costs_one_look(outbox: Outbox) -> None:
    with counted_queries(outbox.store) as queries:
        await outbox.add(outbox.bob)
        await outbox.remove(outbox.bob)
    assert sum("webhook" in sql for sql in queries) == 2
    with counted_queries(outbox.store) as queries:
        async with outbox.store.write() as tx:
            await delete_user(tx, OPERATOR, outbox.tenant.id, outbox.bob.id, outbox.clock())
    assert sum("webhook" in sql for sql in queries) == 1


async def test_whoever_listens_hears_which_webhooks_wait(outbox: Outbox) -> None:
    webhook_id = await outbox.register()
    with listening() as heard:
        await outbox.add(outbox.bob)
    await outbox.remove(outbox.bob)
    assert heard == {(outbox.tenant.id, webhook_id): 1}


async def test_a_webhook_lasts_two_years_unless_asked_otherwise_and_none_for_ever(outbox: Outbox) -> None:
    usual = await outbox.register()
    endless = await outbox.register(expires_at=outbox.clock() + 100_000 * DAY)
    assert (await outbox.webhook(usual)).expires_at == outbox.clock() + VALIDITY
    assert (await outbox.webhook(endless)).expires_at == outbox.clock() + LONGEST_VALIDITY
    with pytest.raises(InvalidValue, match="future"):
        await outbox.register(expires_at=outbox.clock())


async def test_an_object_has_so_many_webhooks_and_no_more(outbox: Outbox) -> None:
    ids = [await outbox.register() for _ in range(MOST_OF_ONE_OBJECT)]
    with pytest.raises(FailedPrecondition):
        await outbox.register()
    await outbox.register(of_tenant=True)
    async with outbox.store.write() as tx:
        await delete_webhook(tx, OPERATOR, outbox.tenant.id, ids[0], outbox.clock())
    await outbox.register()


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({"event_types": ()}, "eventTypes"),
        ({"event_types": ("MessageCreated", "MemberAdded")}, "eventTypes"),
        ({"event_types": ("TestEvent",)}, "eventTypes"),
        ({"callback_token": " two words"}, "callBackToken"),
        ({"callback_token": "two words "}, "callBackToken"),
        ({"callback_token": "two\twords"}, "callBackToken"),
        ({"callback_token": "line\r\nInjected: 1"}, "callBackToken"),
        ({"callback_token": "ü"}, "callBackToken"),
        ({"callback_token": "x" * 1025}, "callBackToken"),
        ({"context": "x" * 4001}, "callBackContext"),
    ],
)
async def test_what_cannot_be_is_refused(outbox: Outbox, wishes: dict[str, object], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        await outbox.register(**wishes)  # type: ignore[arg-type]
    assert refused.value.field == field
    if field == "eventTypes":
        assert "MemberAdded, MemberRemoved, GroupAdded, GroupRemoved" in refused.value.public
