"""Lists of members go by the names that users have now, without those who are deleted."""

from __future__ import annotations

import asyncio

import pytest

from tenantry.core.clock import DAY
from tenantry.core.ids import GroupId
from tenantry.directory.user_properties import UserChanges
from tenantry.directory.users import delete_user, restore_user, update_user
from tenantry.store.engine.interface import Store
from tenantry.store.groups import group_lists, groups, member_lists, members
from tests.support.builders import OPERATOR, SomeTenant, SomeUser, a_group, a_tenant, a_user
from tests.support.clock import NOON


async def rename(store: Store, user: SomeUser, name: str) -> None:
    async with store.write() as tx:
        await update_user(tx, OPERATOR, user.tenant_id, user.id, UserChanges(display_name=name), NOON)


async def listed(store: Store, tenant: SomeTenant, group_id: GroupId, prefix: str = "") -> list[str]:
    async with store.read() as read:
        found = await member_lists.list_by_name(
            read, tenant.id, group_id, member_lists.Standing.MEMBER, prefix=prefix, after=None, limit=50
        )
    assert [row.member_key for row in found] == [row.display_name.lower() for row in found]
    return [row.display_name for row in found]


async def counted(store: Store, tenant: SomeTenant, group_id: GroupId) -> tuple[int, int, int, int]:
    """Members, admins and subscribers on the group's page, members in the list of groups."""
    async with store.read() as read:
        facts = await group_lists.find_facts(read, tenant.id, group_id)
        rows = await groups.list_by_ids(read, tenant.id, group_id, asking_user_id="", deepest=9, counted=9, most=99)
    assert facts is not None
    return facts.members, facts.admins, facts.subscribers, rows[0].users


async def test_members_are_listed_by_the_names_they_have_now(store: Store) -> None:
    tenant = await a_tenant(store)
    ana, ben = await a_user(store, tenant, name="ana"), await a_user(store, tenant, name="ben")
    group = await a_group(store, tenant, admins=[ana], members=[ben])
    await rename(store, ana, "Zoe")
    assert [name.lower() for name in await listed(store, tenant, group)] == ["ben", "zoe"]
    assert await listed(store, tenant, group, "zo") == ["Zoe"]
    assert await listed(store, tenant, group, "ana") == []


async def test_who_is_deleted_is_neither_listed_nor_counted_and_comes_back_with_the_user(store: Store) -> None:
    tenant = await a_tenant(store)
    ana, ben, eva = [await a_user(store, tenant, name=name) for name in ("ana", "ben", "eva")]
    group = await a_group(store, tenant, admins=[ana], members=[ben], subscribers=[eva])
    assert await counted(store, tenant, group) == (2, 1, 1, 2)
    async with store.write() as tx:
        for user in (ana, eva):
            await delete_user(tx, OPERATOR, tenant.id, user.id, NOON)
    assert len(await listed(store, tenant, group)) == 1
    assert await counted(store, tenant, group) == (1, 0, 0, 1)
    async with store.write() as tx:
        for user in (ana, eva):
            await restore_user(tx, OPERATOR, tenant.id, user.id, NOON + DAY)
    assert len(await listed(store, tenant, group)) == 2
    assert await counted(store, tenant, group) == (2, 1, 1, 2)


async def test_who_is_added_and_renamed_at_once_is_listed_by_the_new_name(store: Store) -> None:
    tenant = await a_tenant(store)
    people = [await a_user(store, tenant) for _ in range(8)]
    group = await a_group(store, tenant)

    async def add(user: SomeUser) -> None:
        async with store.write() as tx:
            assert await members.insert(tx, tenant.id, group, user.id, "member", NOON)

    await asyncio.gather(
        *(work for number, user in enumerate(people) for work in (add(user), rename(store, user, f"new {number}")))
    )
    assert await listed(store, tenant, group) == [f"new {number}" for number in range(8)]


async def test_a_deleted_user_is_not_let_in(store: Store) -> None:
    tenant = await a_tenant(store)
    user, group = await a_user(store, tenant), await a_group(store, tenant)
    async with store.write() as tx:
        await delete_user(tx, OPERATOR, tenant.id, user.id, NOON)
        assert not await members.insert(tx, tenant.id, group, user.id, "member", NOON)
        assert await members.find_role(tx, tenant.id, group, user.id) is None


async def test_counts_that_people_see_stop(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_lists, "COUNTED", 2)
    tenant = await a_tenant(store)
    group = await a_group(store, tenant, members=[await a_user(store, tenant) for _ in range(3)])
    assert await counted(store, tenant, group) == (2, 0, 0, 3)
