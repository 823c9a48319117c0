"""Phone numbers: their form, their owners, and guests who turn out to be somebody."""

from __future__ import annotations

import asyncio
import json

import pytest

from tenantry.core.errors import AlreadyExists, InvalidValue, NotFound
from tenantry.core.ids import GroupId, UserId
from tenantry.core.phone_numbers import read_number
from tenantry.directory.members import Newcomers, add_members, list_members
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.users import delete_user
from tenantry.store.engine.interface import Store
from tenantry.store.groups.member_lists import ListedMember
from tenantry.store.trail import audit_events
from tests.support.builders import OPERATOR, SomeTenant, SomeUser, a_group, a_tenant, a_user
from tests.support.clock import NOON
from tests.support.trail import types_of

NUMBER = "+12065557777"


async def prove(store: Store, user: SomeUser, number: str = NUMBER) -> None:
    async with store.write() as tx:
        await add_verified_phone(tx, OPERATOR, user.tenant_id, user.id, number, NOON)


async def let_in(store: Store, tenant: SomeTenant, group: GroupId, *numbers: str, admin: bool = False) -> None:
    newcomers = Newcomers(admin_numbers=numbers) if admin else Newcomers(numbers=numbers)
    async with store.write() as tx:
        await add_members(tx, OPERATOR, tenant.id, group, newcomers, NOON)


async def members(store: Store, tenant: SomeTenant, group: GroupId) -> dict[UserId, ListedMember]:
    async with store.read() as read:
        return {row.user_id: row for row in (await list_members(read, OPERATOR, tenant.id, group, NOON)).members}


@pytest.mark.parametrize(
    ("raw", "country"),
    [("+12065557777", None), (" +1 (206) 555-7777 ", None), ("206 555 7777", "US"), ("+1-206-555-7777", "DE")],
)
def test_one_number_has_one_form(raw: str, country: str | None) -> None:
    assert read_number(raw, country) == NUMBER


@pytest.mark.parametrize(
    "raw", ["", "+", "12065557777", "+1", "+1206555777", "+" + "1" * 16, "x", "+1206555777\0", "1" * 10_000, "+999123"]
)
def test_what_is_no_number_is_refused(raw: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_number(raw)
    assert refused.value.field == "number"


async def test_a_number_has_one_owner_in_a_tenant_and_another_in_another(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    first, second, elsewhere = await a_user(store, tenant), await a_user(store, tenant), await a_user(store, other)
    await prove(store, first)
    await prove(store, first)
    await prove(store, elsewhere)
    with pytest.raises(AlreadyExists) as refused:
        await prove(store, second)
    assert refused.value.field == "number"


async def test_of_twins_who_prove_one_number_one_gets_it(store: Store) -> None:
    tenant = await a_tenant(store)
    users = [await a_user(store, tenant) for _ in range(6)]
    outcomes = await asyncio.gather(*(prove(store, user) for user in users), return_exceptions=True)
    assert outcomes.count(None) == 1
    assert all(outcome is None or isinstance(outcome, AlreadyExists) for outcome in outcomes)


async def test_a_deleted_users_number_is_free(store: Store) -> None:
    tenant = await a_tenant(store)
    first, second = await a_user(store, tenant), await a_user(store, tenant)
    await prove(store, first)
    async with store.write() as tx:
        await delete_user(tx, OPERATOR, tenant.id, first.id, NOON)
    await prove(store, second)
    with pytest.raises(NotFound):
        await prove(store, first)


async def test_a_deleted_users_number_comes_into_a_group_as_a_guest(store: Store) -> None:
    tenant = await a_tenant(store)
    user, admin = await a_user(store, tenant), await a_user(store, tenant)
    await prove(store, user)
    async with store.write() as tx:
        await delete_user(tx, OPERATOR, tenant.id, user.id, NOON)
    group = await a_group(store, tenant, admins=[admin])
    await let_in(store, tenant, group, NUMBER)
    (guest,) = (row for row in (await members(store, tenant, group)).values() if row.user_id != admin.id)
    assert (guest.user_id != user.id, guest.number, guest.verified_at) == (True, NUMBER, None)


async def test_who_proves_a_guests_number_takes_its_places_over(store: Store) -> None:
    tenant = await a_tenant(store)
    user, admin = await a_user(store, tenant), await a_user(store, tenant)
    as_member = await a_group(store, tenant, admins=[admin])
    as_admin = await a_group(store, tenant, admins=[admin], members=[user])
    await let_in(store, tenant, as_member, NUMBER)
    await let_in(store, tenant, as_admin, NUMBER, admin=True)
    await prove(store, user)
    for group, role in ((as_member, "member"), (as_admin, "admin")):
        found = await members(store, tenant, group)
        assert set(found) == {admin.id, user.id}
        assert (found[user.id].role, found[user.id].number, found[user.id].verified_at is not None) == (
            role,
            NUMBER,
            True,
        )
    await let_in(store, tenant, as_member, NUMBER)
    assert len(await members(store, tenant, as_member)) == 2


async def test_the_trail_tells_which_places_were_taken_over(store: Store) -> None:
    tenant = await a_tenant(store)
    user, admin = await a_user(store, tenant), await a_user(store, tenant)
    new = await a_group(store, tenant, admins=[admin])
    raised = await a_group(store, tenant, admins=[admin], members=[user])
    kept = await a_group(store, tenant, admins=[admin], members=[user])
    await let_in(store, tenant, new, NUMBER)
    await let_in(store, tenant, raised, NUMBER, admin=True)
    await let_in(store, tenant, kept, NUMBER)
    before = len(await types_of(store, tenant.id))
    await prove(store, user)
    async with store.read() as read:
        told = [*reversed(await audit_events.list_latest(read, tenant.id, 1000))][before:]
    seen = [(event.type, json.loads(event.data).get("group_id")) for event in told]
    assert sorted(seen[:2]) == [("group.member_added", new), ("group.member_role_set", raised)]
    assert [name for name, _ in seen[2:]] == ["user.deleted", "phone.verified"]
    for event in told[:2]:
        assert json.loads(event.data)["user_id"] == user.id
