"""Who hears a broadcasting group: comes and goes without touching its members."""

from __future__ import annotations

import pytest

from tenantry.core.errors import FailedPrecondition, Forbidden, InvalidValue, NotFound
from tenantry.core.ids import GroupId
from tenantry.directory.members import Newcomers, add_members
from tenantry.directory.subscribers import (
    add_subscribers,
    list_subscribers,
    remove_subscriber,
    remove_subscribers,
    search_subscribers,
)
from tenantry.store.engine.interface import Store
from tenantry.store.groups import members
from tests.support.builders import SomeTenant, SomeUser, a_group, a_tenant, a_user, as_user
from tests.support.clock import NOON


async def role_of(store: Store, tenant: SomeTenant, group: GroupId, user: SomeUser) -> str | None:
    async with store.read() as read:
        return await members.find_role(read, tenant.id, group, user.id)


async def test_people_subscribe_once_and_members_stay_what_they_are(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, member, new = await a_user(store, tenant), await a_user(store, tenant), await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin], members=[member], subscribers=[])
    names = [user.user_principal_name for user in (admin, member, new)]
    async with store.write() as tx:
        done = await add_subscribers(
            tx, as_user(admin), tenant.id, group, [*names, "+12065550143", "nobody@x", "12"], now=NOON
        )
    assert (done.added, done.present, [refused.row.who for refused in done.refused]) == (2, 2, ["nobody@x", "12"])
    assert [await role_of(store, tenant, group, user) for user in (admin, member, new)] == [
        "admin",
        "member",
        "subscriber",
    ]


async def test_a_subscriber_who_is_added_as_a_member_becomes_one(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, fan = await a_user(store, tenant), await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin], subscribers=[fan])
    async with store.write() as tx:
        await add_members(tx, as_user(admin), tenant.id, group, Newcomers(user_ids=(fan.id,)), NOON)
    assert await role_of(store, tenant, group, fan) == "member"


async def test_removing_takes_subscribers_and_nobody_else(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, fan = await a_user(store, tenant, phone=True), await a_user(store, tenant, phone=True)
    other = await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin], subscribers=[fan, other])
    numbers = [str(admin.phone_number), str(fan.phone_number), "+12065550144", "x"]
    async with store.write() as tx:
        done = await remove_subscribers(tx, as_user(admin), tenant.id, group, numbers, NOON)
        await remove_subscriber(tx, as_user(admin), tenant.id, group, other.id, NOON)
        with pytest.raises(NotFound):
            await remove_subscriber(tx, as_user(admin), tenant.id, group, admin.id, NOON)
    assert [done[number] is None for number in numbers] == [False, True, False, False]
    assert [await role_of(store, tenant, group, user) for user in (admin, fan, other)] == ["admin", None, None]


async def test_a_group_that_does_not_broadcast_has_none(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin])
    async with store.write() as tx:
        with pytest.raises(FailedPrecondition):
            await add_subscribers(tx, as_user(admin), tenant.id, group, ["+12065550145"], now=NOON)
    async with store.read() as read:
        with pytest.raises(FailedPrecondition):
            await list_subscribers(read, as_user(admin), tenant.id, group, after_id="", limit=9, now=NOON)


async def test_members_see_names_only_and_subscribers_nothing(store: Store) -> None:
    tenant = await a_tenant(store)
    admin, member = await a_user(store, tenant), await a_user(store, tenant)
    fan = await a_user(store, tenant, name="fan", phone=True)
    group = await a_group(store, tenant, admins=[admin], members=[member], subscribers=[fan])

    async def numbers(user: SomeUser) -> list[str | None]:
        async with store.read() as read:
            by_name = await search_subscribers(read, as_user(user), tenant.id, group, text="FA", limit=9, now=NOON)
            by_id = await list_subscribers(read, as_user(user), tenant.id, group, after_id="", limit=9, now=NOON)
        return [row.number for row in (*by_name.members, *by_id.subscribers)]

    assert await numbers(admin) == [fan.phone_number] * 2
    assert await numbers(member) == [None] * 2
    with pytest.raises(Forbidden):
        await numbers(fan)
    async with store.write() as tx:
        for caller in (member, fan):
            with pytest.raises(Forbidden):
                await add_subscribers(tx, as_user(caller), tenant.id, group, ["+12065550146"], now=NOON)
            with pytest.raises(Forbidden):
                await remove_subscriber(tx, as_user(caller), tenant.id, group, fan.id, NOON)


async def test_a_page_ends_where_the_next_begins(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    fans = [await a_user(store, tenant, name=f"fan{number}") for number in range(5)]
    group = await a_group(store, tenant, admins=[admin], subscribers=fans)
    seen: list[str] = []
    after: str | None = ""
    async with store.read() as read:
        while after is not None:
            page = await list_subscribers(read, as_user(admin), tenant.id, group, after_id=after, limit=2, now=NOON)
            seen += [row.user_id for row in page.subscribers]
            after = page.next
        assert seen == sorted(user.id for user in fans)
        first = await search_subscribers(read, as_user(admin), tenant.id, group, limit=3, now=NOON)
        rest = await search_subscribers(read, as_user(admin), tenant.id, group, after=first.next, limit=3, now=NOON)
    names = [row.display_name for row in (*first.members, *rest.members)]
    assert names == [f"Fan{number}" for number in range(5)]
    assert rest.next is None


async def test_too_many_at_once_are_refused(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = await a_user(store, tenant)
    group = await a_group(store, tenant, admins=[admin], subscribers=[])
    async with store.write() as tx:
        with pytest.raises(InvalidValue):
            await add_subscribers(tx, as_user(admin), tenant.id, group, ["+12065550147"] * 1001, now=NOON)
