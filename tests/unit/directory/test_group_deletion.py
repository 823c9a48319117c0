"""A deleted group opens nothing any more; restored it has everybody back, and no token."""

from __future__ import annotations

import json

import pytest

from tenantry.access.actions import Permission, RoleId
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY
from tenantry.core.errors import Forbidden, NotFound
from tenantry.core.ids import GrantId, GroupId
from tenantry.directory.group_deletion import delete_group, list_deleted_groups, look_at_end, restore_group
from tenantry.directory.invitations import invite, look_at_invitation
from tenantry.directory.users import RESTORABLE
from tenantry.housekeeping import tidy
from tenantry.store import access
from tenantry.store.engine.interface import Store
from tenantry.store.groups import members
from tenantry.store.tokens import grant_lists
from tenantry.store.trail import audit_events
from tests.support.builders import (
    HASHER,
    OPERATOR,
    SomeTenant,
    SomeUser,
    a_connector,
    a_grant,
    a_group,
    a_tenant,
    a_user,
    as_user,
    list_groups,
)
from tests.support.clock import NOON, FakeClock


async def delete(store: Store, user: SomeUser, group: GroupId, now: int = NOON) -> None:
    async with store.write() as tx:
        await delete_group(tx, as_user(user), user.tenant_id, group, now)


async def restore(store: Store, user: SomeUser, group: GroupId, now: int = NOON) -> None:
    async with store.write() as tx:
        await restore_group(tx, as_user(user), user.tenant_id, group, now)


async def trail(store: Store, tenant: SomeTenant) -> list[tuple[str, dict[str, object]]]:
    async with store.read() as read:
        found = await audit_events.list_after(read, tenant.id, "", 1000)
    return [(event.type, json.loads(event.data)) for event in found]


async def test_a_deletion_says_first_what_it_ends_and_then_ends_it(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, member = await a_user(store, tenant), await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin], members=[member])
    await a_group(store, tenant, admins=[admin], parent_id=group)
    connector = await a_connector(store, tenant)
    grant = await a_grant(store, connector, admin, reach=Reach.GROUP, group_id=group)
    other = await a_grant(store, connector, admin, permissions=[Permission.GROUP_MEMBERS])
    async with store.write() as tx:
        link = await invite(tx, as_user(admin), HASHER, tenant.id, group, DAY, NOON)
    async with store.read() as read:
        ends = await look_at_end(read, as_user(admin), tenant.id, group, NOON)
    assert ends == (2, 1, 1, 1, 0)

    await delete(store, admin, group)
    async with store.read() as read:
        assert await grant_lists.find_live(read, tenant.id, GrantId(grant.id), NOON) is None
        assert await grant_lists.find_live(read, tenant.id, GrantId(other.id), NOON) is not None
        assert group not in {view.group.id for view in await list_groups(read, tenant.id)}
        with pytest.raises(NotFound):
            await look_at_invitation(read, as_user(member), HASHER, link.secret, NOON)
    told = await trail(store, tenant)
    assert {"group.deleted", "group_invitation.ended"} <= {kind for kind, _ in told}
    [revoked] = [data for kind, data in told if kind == "grant.revoked"]
    assert (revoked["grant_id"], revoked["reason"]) == (grant.id, "group_deleted")
    with pytest.raises(NotFound):
        await delete(store, admin, group)


async def test_a_member_neither_deletes_nor_restores(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, member = await a_user(store, tenant), await a_user(store, tenant)
    stranger = await a_user(store, await a_tenant(store), roles=[RoleId.GLOBAL_ADMINISTRATOR])
    group = await a_group(store, tenant, admins=[admin], members=[member])
    with pytest.raises(Forbidden):
        await delete(store, member, group)
    await delete(store, admin, group)
    with pytest.raises(Forbidden):
        await restore(store, member, group)
    with pytest.raises(NotFound):
        await restore(store, stranger, group)
    await restore(store, admin, group)
    with pytest.raises(Forbidden):
        await restore(store, member, group)


async def test_a_restored_group_has_its_people_and_links_and_no_tokens_or_invitations(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, member = await a_user(store, tenant), await a_user(store, tenant)
    above = await a_group(store, tenant, admins=[admin])
    group = await a_group(store, tenant, admins=[admin], members=[member], parent_id=above)
    below = await a_group(store, tenant, admins=[admin], parent_id=group)
    grant = await a_grant(store, await a_connector(store, tenant), admin, reach=Reach.GROUP, group_id=group)
    async with store.write() as tx:
        link = await invite(tx, as_user(admin), HASHER, tenant.id, group, DAY, NOON)
    await delete(store, admin, group)
    async with store.read() as read:
        assert not await access.is_within_group(read, tenant.id, below, above)
    await restore(store, admin, group)
    async with store.read() as read:
        assert await members.find_role(read, tenant.id, group, member.id) == "member"
        assert await access.is_within_group(read, tenant.id, below, above)
        assert await grant_lists.find_live(read, tenant.id, GrantId(grant.id), NOON) is None
        with pytest.raises(NotFound):
            await look_at_invitation(read, as_user(member), HASHER, link.secret, NOON)
    assert "group.restored" in {kind for kind, _ in await trail(store, tenant)}


async def test_the_deleted_ones_are_listed_to_who_may_restore_them(store: Store) -> None:
    tenant = await a_tenant(store)
    boss = await a_user(store, tenant, roles=[RoleId.GROUPS_ADMINISTRATOR])
    admin, member = await a_user(store, tenant), await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin], members=[member])
    await delete(store, admin, group)

    async def listed(user: SomeUser, now: int = NOON) -> list[GroupId]:
        async with store.read() as read:
            return [row.id for row in await list_deleted_groups(read, as_user(user), tenant.id, limit=9, now=now)]

    assert [await listed(user) for user in (boss, admin, member)] == [[group], [group], []]
    assert await listed(boss, NOON + RESTORABLE) == []


async def test_after_a_month_nobody_can_restore_it_and_it_is_forgotten(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    group, stays = await a_group(store, tenant, admins=[admin]), await a_group(store, tenant, admins=[admin])
    await delete(store, admin, group)
    assert (await tidy(store, OPERATOR, FakeClock(NOON + RESTORABLE - 1)))["groups"] == 0
    with pytest.raises((Forbidden, NotFound)):
        await restore(store, admin, group, NOON + RESTORABLE)
    assert (await tidy(store, OPERATOR, FakeClock(NOON + RESTORABLE)))["groups"] == 1
    async with store.read() as read:
        assert await members.find_role(read, tenant.id, group, admin.id) is None
        assert await members.find_role(read, tenant.id, stays, admin.id) == "admin"
    assert ("group.purged", {"group_id": group}) in [
        (kind, {"group_id": data.get("group_id")}) for kind, data in await trail(store, tenant)
    ]
