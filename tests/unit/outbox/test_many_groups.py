"""A user of many groups is deleted or restored: each webhook is told of each group once, in order, in short steps."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from tenantry.core.ids import GroupId
from tenantry.directory.group_deletion import delete_group
from tenantry.directory.members import Newcomers, add_members
from tenantry.directory.phones import add_verified_phone, user_or_guest_of
from tenantry.directory.users import delete_user, restore_user
from tenantry.outbox.changes import TELLING, listening
from tenantry.outbox.many_groups import PLACES_AT_ONCE, tell_next
from tenantry.outbox.sender import Sender
from tenantry.store.outbox import untold_changes
from tests.support.builders import OPERATOR, a_group, a_user
from tests.support.crowds import crowd_id, many_groups
from tests.unit.outbox.conftest import KEY, Outbox

MANY = 2 * PLACES_AT_ONCE + 10
GROUPS = {crowd_id(3, number) for number in range(1, MANY + 1)}
LAST = GroupId(crowd_id(3, MANY))


@pytest.fixture(autouse=True)
async def bob_in_many_groups(outbox: Outbox) -> None:
    """Of which `outbox.group` is none."""
    await many_groups(outbox.store, outbox.tenant.id, outbox.bob.id, outbox.group, MANY, outbox.clock(), deep=False)


async def delete(outbox: Outbox) -> None:
    async with outbox.store.write() as tx:
        await delete_user(tx, OPERATOR, outbox.tenant.id, outbox.bob.id, outbox.clock())


async def restore(outbox: Outbox) -> None:
    async with outbox.store.write() as tx:
        await restore_user(tx, OPERATOR, outbox.tenant.id, outbox.bob.id, outbox.clock())


async def told(outbox: Outbox, webhook_id: str) -> list[tuple[str, str]]:
    """Event and group of all that is in the outbox of the webhook, in the order in which it is sent."""
    rows = sorted(await outbox.waiting(webhook_id), key=lambda row: (row.due_at or 0, row.id))
    return [(row.event_type, json.loads(row.body)["objectId"]) for row in rows]


async def tell_all(outbox: Outbox) -> int:
    """In how many steps."""
    steps = 0
    while await tell_next(outbox.store, outbox.tenant.id):
        steps += 1
    return steps


async def test_the_change_tells_some_groups_and_the_steps_tell_the_others_once(outbox: Outbox) -> None:
    everywhere, last = await outbox.register(of_tenant=True), await outbox.register(group=LAST)
    deaf = await outbox.register(["GroupAdded"], of_tenant=True)
    with listening() as heard:
        await delete(outbox)
    assert heard == {(outbox.tenant.id, everywhere): PLACES_AT_ONCE, (outbox.tenant.id, TELLING): 1}
    assert await tell_all(outbox) == 2
    assert Counter(await told(outbox, everywhere)) == Counter(("MemberRemoved", group) for group in GROUPS)
    assert await told(outbox, last) == [("MemberRemoved", LAST)]
    assert await told(outbox, deaf) == []
    [row] = await outbox.waiting(last)
    event = json.loads(row.body)
    assert (event["memberName"], event["data"]["memberId"]) == ("Bob", outbox.bob.id)
    assert (event["data"]["type"], event["subscriptionId"]) == ("Admin", last)


async def test_of_many_servers_that_tell_at_once_each_step_is_one_servers(outbox: Outbox) -> None:
    everywhere = await outbox.register(of_tenant=True)
    await delete(outbox)
    while any(await asyncio.gather(*(tell_next(outbox.store, outbox.tenant.id) for _ in range(4)))):
        pass
    assert Counter(await told(outbox, everywhere)) == Counter(("MemberRemoved", group) for group in GROUPS)


async def test_a_server_that_is_killed_between_two_steps_or_within_one_leaves_nobody_out(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere = await outbox.register(of_tenant=True)
    await delete(outbox)
    await tell_next(outbox.store, outbox.tenant.id)
    with monkeypatch.context() as killed:
        killed.setattr("tenantry.outbox.many_groups.note", lambda *_: 1 / 0)  # after all that the step writes
        with pytest.raises(ZeroDivisionError):
            await tell_next(outbox.store, outbox.tenant.id)
    sender = Sender(outbox.store, outbox.http, KEY, outbox.clock, 10_000)
    running = asyncio.create_task(sender.run())
    await sender.walk()  # nobody listened
    events = await outbox.receiver.until(MANY)
    running.cancel()
    assert Counter(event["objectId"] for event in events) == Counter(GROUPS)
    assert len(await outbox.waiting(everywhere)) == MANY


async def test_what_changes_meanwhile_is_sent_after_it(outbox: Outbox) -> None:
    last = await outbox.register(group=LAST)
    await delete(outbox)
    outbox.clock.advance(1)
    await restore(outbox)
    outbox.clock.advance(1)
    async with outbox.store.write() as tx:
        newcomers = Newcomers(user_ids=(outbox.anna.id,))
        await add_members(tx, OPERATOR, outbox.tenant.id, LAST, newcomers, outbox.clock())
    assert [kind for kind, _ in await told(outbox, last)] == ["MemberAdded"]
    while await outbox.deliver(last):
        pass
    events = outbox.receiver.events
    assert [(event["eventType"], event["memberName"]) for event in events] == [
        ("MemberRemoved", "Bob"),
        ("MemberAdded", "Bob"),
        ("MemberAdded", "Anna"),
    ]


async def test_what_was_sent_before_the_change_does_not_wait_for_it(outbox: Outbox) -> None:
    here = await outbox.register()
    await outbox.add(await a_user(outbox.store, outbox.tenant))
    outbox.clock.advance(1)
    await outbox.register(of_tenant=True)
    await delete(outbox)
    assert await outbox.deliver(here) is True
    assert len(outbox.receiver.events) == 1


async def test_groups_and_memberships_count_as_they_were_at_the_change(outbox: Outbox) -> None:
    everywhere = await outbox.register(of_tenant=True)
    await delete(outbox)
    outbox.clock.advance(1)
    await restore(outbox)
    outbox.clock.advance(1)
    later = await a_group(outbox.store, outbox.tenant, admins=[outbox.bob], now=outbox.clock())
    async with outbox.store.write() as tx:
        await delete_group(tx, OPERATOR, outbox.tenant.id, LAST, outbox.clock())
    late = await outbox.register(of_tenant=True)
    await tell_all(outbox)
    expected = Counter((kind, group) for kind in ("MemberRemoved", "MemberAdded") for group in GROUPS)
    seen = Counter(await told(outbox, everywhere))
    assert seen - expected == Counter({("MemberAdded", later): 1, ("GroupRemoved", outbox.group): 1})
    assert expected - seen == Counter()
    assert ("MemberAdded", LAST) not in await told(outbox, late)


async def test_without_a_webhook_nothing_is_left_to_tell(outbox: Outbox) -> None:
    await delete(outbox)
    async with outbox.store.read() as read:
        assert await untold_changes.find_first(read, outbox.tenant.id) is None


async def test_of_a_guest_who_proves_to_be_a_user_each_group_is_told_that_one_left_and_the_other_came(
    outbox: Outbox,
) -> None:
    everywhere, number = await outbox.register(of_tenant=True), "+14255550177"
    async with outbox.store.write() as tx:
        guest = await user_or_guest_of(tx, OPERATOR, outbox.tenant.id, number, outbox.clock())
        await tx.run(
            """
            INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at, member_key)
            SELECT m.tenant_id, m.group_id, CAST(:guest AS TEXT), 'member', m.added_at, 'guest' FROM group_members m
            WHERE m.tenant_id = :tenant_id AND m.user_id = :bob
            """,
            tenant_id=outbox.tenant.id,
            guest=guest,
            bob=outbox.bob.id,
        )
    carl = await a_user(outbox.store, outbox.tenant, name="carl")
    outbox.clock.advance(1)
    async with outbox.store.write() as tx:
        await add_members(tx, OPERATOR, outbox.tenant.id, LAST, Newcomers(user_ids=(carl.id,)), outbox.clock())
    outbox.clock.advance(1)
    async with outbox.store.write() as tx:
        await add_verified_phone(tx, OPERATOR, outbox.tenant.id, carl.id, number, outbox.clock())
    await tell_all(outbox)
    rows = sorted(await outbox.waiting(everywhere), key=lambda row: (row.due_at or 0, row.id))
    events = [json.loads(row.body) for row in rows]
    assert Counter((event["eventType"], event["memberId"], event["objectId"]) for event in events) == Counter(
        {
            **{("MemberRemoved", guest, group): 1 for group in GROUPS},
            **{("MemberAdded", carl.id, group): 1 for group in GROUPS},
        }
    )
    assert (events[0]["memberId"], events[0]["objectId"]) == (carl.id, LAST)  # who was in already comes once
    last_guest = max(place for place, event in enumerate(events) if event["memberId"] == guest)
    assert all(event["memberId"] == carl.id for event in events[last_guest + 1 :])
    assert last_guest == MANY
