"""Groups below groups: never in a ring, and only by who administers both."""

from __future__ import annotations

import asyncio

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.errors import FailedPrecondition, Forbidden, NotFound
from tenantry.core.ids import GroupId
from tenantry.directory.group_deletion import delete_group
from tenantry.directory.group_links import link_group, search_linkable, unlink_group
from tenantry.store import access
from tenantry.store.engine.interface import Store
from tenantry.store.outbox import webhook_deliveries
from tests.support.builders import SomeTenant, SomeUser, a_group, a_tenant, a_user, a_webhook, as_user
from tests.support.clock import NOON


async def link(store: Store, user: SomeUser, parent: GroupId, child: GroupId) -> None:
    async with store.write() as tx:
        await link_group(tx, as_user(user), user.tenant_id, parent, child, NOON)


async def unlink(store: Store, user: SomeUser, parent: GroupId, child: GroupId) -> None:
    async with store.write() as tx:
        await unlink_group(tx, as_user(user), user.tenant_id, parent, child, NOON)


async def is_below(store: Store, tenant: SomeTenant, group: GroupId, root: GroupId) -> bool:
    async with store.read() as read:
        return await access.is_within_group(read, tenant.id, group, root)


async def test_an_admin_of_both_links_and_unlinks_them_and_nobody_else(store: Store) -> None:
    tenant = await a_tenant(store)
    both, one = await a_user(store, tenant), await a_user(store, tenant)
    parent, child = await a_group(store, tenant, admins=[both, one]), await a_group(store, tenant, admins=[both])
    with pytest.raises(Forbidden):
        await link(store, one, parent, child)
    with pytest.raises(Forbidden):
        await link(store, one, child, parent)
    await link(store, both, parent, child)
    assert await is_below(store, tenant, child, parent)
    with pytest.raises(FailedPrecondition, match="already"):
        await link(store, both, parent, child)
    await unlink(store, both, parent, child)
    assert not await is_below(store, tenant, child, parent)
    with pytest.raises(NotFound):
        await unlink(store, both, parent, child)


async def test_a_ring_is_refused_however_long(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    top = await a_group(store, tenant, admins=[admin])
    middle = await a_group(store, tenant, admins=[admin], parent_id=top)
    bottom = await a_group(store, tenant, admins=[admin], parent_id=middle)
    for parent, child in ((top, top), (middle, top), (bottom, top), (bottom, middle)):
        with pytest.raises(FailedPrecondition, match="above"):
            await link(store, admin, parent, child)
    await link(store, admin, top, bottom)  # a second way down is no ring


async def test_a_deleted_group_between_them_still_makes_a_ring(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    top = await a_group(store, tenant, admins=[admin])
    middle = await a_group(store, tenant, admins=[admin], parent_id=top)
    bottom = await a_group(store, tenant, admins=[admin], parent_id=middle)
    async with store.write() as tx:
        await delete_group(tx, as_user(admin), tenant.id, middle, NOON)
    with pytest.raises(FailedPrecondition, match="above"):
        await link(store, admin, bottom, top)


async def test_of_links_that_would_close_a_ring_together_one_is_refused(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    for _ in range(5):
        tops = [await a_group(store, tenant, admins=[admin]) for _ in range(3)]
        ends = [await a_group(store, tenant, admins=[admin], parent_id=top) for top in tops]
        outcomes = await asyncio.gather(
            *(link(store, admin, ends[number], tops[(number + 1) % 3]) for number in range(3)), return_exceptions=True
        )
        assert outcomes.count(None) == 2
        assert not all([await is_below(store, tenant, tops[0], end) for end in ends])


async def test_another_tenants_group_is_none(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    boss = await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    here = await a_group(store, tenant, admins=[boss])
    there = await a_group(store, other, admins=[await a_user(store, other)])
    for parent, child in ((here, there), (there, here)):
        with pytest.raises(NotFound):
            await link(store, boss, parent, child)


async def test_offered_are_groups_that_may_stand_below_and_that_one_administers(store: Store) -> None:
    tenant = await a_tenant(store)
    boss = await a_user(store, tenant, roles=[RoleId.GROUPS_ADMINISTRATOR])
    admin = await a_user(store, tenant)
    top = await a_group(store, tenant, name="North", admins=[admin])
    group = await a_group(store, tenant, name="North Sea", admins=[admin], parent_id=top)
    await a_group(store, tenant, name="North Sea coast", admins=[admin], parent_id=group)
    await a_group(store, tenant, name="North Pole", admins=[admin])
    await a_group(store, tenant, name="North Cape", admins=[boss])
    await a_group(store, tenant, name="South", admins=[admin])

    async def offered(user: SomeUser, text: str) -> list[str]:
        async with store.read() as read:
            found = await search_linkable(read, as_user(user), tenant.id, group, text=text, limit=9, now=NOON)
        return [row.name for row in found]

    assert await offered(admin, "") == ["North Pole", "South"]
    assert await offered(boss, " NORTH") == ["North Cape", "North Pole"]


async def test_webhooks_of_the_group_above_are_told_of_a_link_and_of_its_end(store: Store) -> None:
    tenant = await a_tenant(store)
    ann = await a_user(store, tenant)
    parent, child = await a_group(store, tenant, admins=[ann]), await a_group(store, tenant, admins=[ann])
    above, below = await a_webhook(store, tenant, parent), await a_webhook(store, tenant, child)
    await link(store, ann, parent, child)
    await unlink(store, ann, parent, child)
    told: dict[str, list[str]] = {}
    async with store.read() as read:
        for webhook in (above, below):
            found = await webhook_deliveries.list_latest(read, tenant.id, webhook, before="", limit=9)
            told[webhook] = [delivery.event_type for delivery in reversed(found)]
    assert told == {above: ["GroupAdded", "GroupRemoved"], below: []}
