"""directory/users.py: what an account may look like, who may touch it, and names under races."""

from __future__ import annotations

import asyncio

import pytest

from tenantry.core.caller import Audience, Caller, CallerKind, Origin
from tenantry.core.clock import DAY, SECOND
from tenantry.core.errors import AlreadyExists, AppOnlyRefused, InvalidValue, NotFound
from tenantry.core.ids import ConnectorId, CorrelationId, UserId, new_guid
from tenantry.directory import users
from tenantry.directory.tenants import add_domain
from tenantry.directory.user_properties import NewPassword, NewUser, UserChanges
from tenantry.directory.users import RESTORABLE, UserOrder
from tenantry.store.engine.interface import Store
from tenantry.store.sign_in import passwords
from tenantry.store.trail import audit_events
from tenantry.store.users import users as user_rows
from tenantry.store.users.users import User
from tests.support.builders import OPERATOR, SomeTenant, a_tenant
from tests.support.clock import NOON


async def _create(store: Store, tenant: SomeTenant, name: str = "ann", **values: str) -> User:
    new_user = NewUser(**{"user_principal_name": f"{name}@{tenant.domain}", "display_name": name.title(), **values})
    async with store.write() as tx:
        return await users.create_user(tx, OPERATOR, tenant.id, new_user, "$hash", True, NOON)


async def _update(store: Store, user: User, *, restore: bool = False, now: int = NOON, **values: str) -> User:
    async with store.write() as tx:
        return await users.update_user(
            tx, OPERATOR, user.tenant_id, user.id, UserChanges(**values), now, restore=restore
        )


async def _delete(store: Store, user: User, now: int = NOON) -> None:
    async with store.write() as tx:
        await users.delete_user(tx, OPERATOR, user.tenant_id, user.id, now)


async def _events(store: Store, tenant: SomeTenant) -> list[str]:
    """The types of what was recorded about users, in the order of the alphabet."""
    async with store.read() as read:
        found = await audit_events.list_after(read, tenant.id, "", 100)
    return sorted(event.type for event in found if event.type.partition(".")[0] in ("user", "password"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user_principal_name", ""),
        ("user_principal_name", "no-at"),
        ("user_principal_name", "two@at@a.example"),
        ("user_principal_name", "dot.@a.example"),
        ("user_principal_name", "blank here@a.example"),
        ("user_principal_name", "ünicode@a.example"),
        ("user_principal_name", f"{'x' * 65}@a.example"),
        ("user_principal_name", f"x@{'a' * 41}.example"),
        ("user_principal_name", "x@a.example\n"),
        ("display_name", "  "),
        ("display_name", "x" * 257),
        ("display_name", "nul\0"),
        ("given_name", "lone\ud800"),
        ("family_name", "x" * 65),
        ("usage_location", "XX"),
        ("usage_location", "USA"),
        ("usage_location", "country/region code"),
        ("immutable_id", "x" * 257),
        ("phone_number", "x" * 65),
    ],
)
def test_a_value_out_of_its_limits_is_refused_by_name(field: str, value: str) -> None:
    values = {"user_principal_name": "x@a.example", "display_name": "X", field: value}
    with pytest.raises(InvalidValue) as refused:
        NewUser(**values)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+1 206 555 0100", "+1 206 555 0100"),
        ("(206) 555-0100", "+12065550100"),
        ("+\uff11 206 555 0100", "+12065550100"),
    ],
)
def test_a_number_is_kept_as_it_was_written_if_anybody_can_dial_it_so(written: str, kept: str) -> None:
    user = NewUser(user_principal_name="x@a.example", display_name="X", usage_location="US", phone_number=written)
    assert user.phone_number == kept


@pytest.mark.parametrize("missing", ["user_principal_name", "display_name"])
def test_a_new_user_needs_a_name_and_a_display_name(missing: str) -> None:
    values = {"user_principal_name": "x@a.example", "display_name": "X"}
    del values[missing]
    with pytest.raises(InvalidValue) as refused:
        NewUser(**values)
    assert refused.value.field == missing


async def test_an_account_keeps_all_its_properties(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await _create(
        store,
        tenant,
        "O'Hara.x_y!#^~-1",
        given_name="Ann",
        family_name="Lee",
        usage_location="ax",
        immutable_id="i1",
        phone_number="+1 206 555 0100",
    )
    async with store.read() as read:
        assert await users.get_user(read, OPERATOR, tenant.id, user.id, NOON) == user
        credential = await passwords.find_credential(read, tenant.id, user.id)
    assert user.user_principal_name == f"O'Hara.x_y!#^~-1@{tenant.domain}"
    assert (user.given_name, user.family_name, user.usage_location) == ("Ann", "Lee", "AX")
    assert (user.immutable_id, user.phone_number, user.user_type) == ("i1", "+1 206 555 0100", "member")
    assert credential == ("$hash", 1)
    assert await _events(store, tenant) == ["password.set", "user.created"]


async def test_a_name_is_taken_in_any_letter_case_in_its_own_tenant_only(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    await _create(store, tenant)
    await _create(store, other)
    with pytest.raises(AlreadyExists) as refused:
        await _create(store, tenant, "ANN")
    assert refused.value.value == f"ANN@{tenant.domain}"


async def test_a_name_needs_a_domain_of_the_tenant_that_is_not_federated(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    async with store.write() as tx:
        await add_domain(tx, OPERATOR, tenant_id=tenant.id, name="federated.example", is_federated=True, now=NOON)
    user = await _create(store, tenant)
    for domain in (other.domain, "nobody.example", "federated.example"):
        with pytest.raises(InvalidValue) as refused:
            await _create(store, tenant, "bob", user_principal_name=f"bob@{domain}")
        assert refused.value.field == "user_principal_name"
        assert domain in refused.value.public
        with pytest.raises(InvalidValue):
            await _update(store, user, user_principal_name=f"ann@{domain}")


async def test_changes_touch_only_what_they_name_and_the_empty_string_clears(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await _create(store, tenant, given_name="Ann", family_name="Lee", usage_location="US")
    changed = await _update(store, user, given_name="Anna", family_name="", now=NOON + SECOND)
    assert changed == user._replace(given_name="Anna", family_name=None, updated_at=NOON + SECOND)
    assert await _update(store, user, given_name="Anna", family_name="", now=NOON + 2 * SECOND) == changed
    assert await _events(store, tenant) == ["password.set", "user.created", "user.updated"]


async def test_a_user_can_be_renamed_and_its_old_name_is_free(store: Store) -> None:
    tenant = await a_tenant(store)
    ann, bob = await _create(store, tenant), await _create(store, tenant, "bob")
    with pytest.raises(AlreadyExists):
        await _update(store, ann, user_principal_name=f"Bob@{tenant.domain}")
    renamed = await _update(store, ann, user_principal_name=f"Cleo@{tenant.domain}")
    assert renamed.user_principal_name == f"Cleo@{tenant.domain}"
    await _update(store, bob, user_principal_name=f"ann@{tenant.domain}")
    recased = await _update(store, renamed, user_principal_name=f"CLEO@{tenant.domain}")
    assert recased.user_principal_name == f"CLEO@{tenant.domain}"


async def test_a_deleted_user_is_absent_until_it_is_restored(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await _create(store, tenant)
    await _delete(store, user)
    with pytest.raises(NotFound):
        await _delete(store, user)
    with pytest.raises(NotFound):
        await _update(store, user, display_name="Else")
    async with store.read() as read:
        with pytest.raises(NotFound):
            await users.get_user(read, OPERATOR, tenant.id, user.id, NOON)
        assert await users.list_users(read, OPERATOR, tenant.id, limit=10, now=NOON) == ([], None)
        deleted, _ = await users.list_users(read, OPERATOR, tenant.id, deleted=True, limit=10, now=NOON)
    assert [found.id for found in deleted] == [user.id]
    restored = await _update(store, user, restore=True, display_name="Back")
    assert (restored.display_name, restored.deleted_at) == ("Back", None)
    assert (await _events(store, tenant))[2:] == ["user.deleted", "user.restored", "user.updated"]


async def test_a_user_is_past_restoring_after_thirty_days(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await _create(store, tenant)
    await _delete(store, user)
    async with store.write() as tx:
        with pytest.raises(NotFound):
            await users.restore_user(tx, OPERATOR, tenant.id, user.id, NOON + RESTORABLE)
    async with store.read() as read:
        late = await users.list_users(read, OPERATOR, tenant.id, deleted=True, limit=10, now=NOON + RESTORABLE)
    assert late == ([], None)
    async with store.write() as tx:
        await users.restore_user(tx, OPERATOR, tenant.id, user.id, NOON + RESTORABLE - DAY)


async def test_a_restoration_fails_while_somebody_else_has_the_name(store: Store) -> None:
    tenant = await a_tenant(store)
    first = await _create(store, tenant)
    await _delete(store, first)
    second = await _create(store, tenant, "Ann")
    with pytest.raises(AlreadyExists):
        await _update(store, first, restore=True)
    await _delete(store, second)
    assert (await _update(store, first, restore=True)).deleted_at is None


async def test_restoring_a_live_user_changes_nothing(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await _create(store, tenant)
    assert await _update(store, user, restore=True) == user
    assert await _events(store, tenant) == ["password.set", "user.created"]


async def test_a_new_password_replaces_the_old_one(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await _create(store, tenant)
    async with store.write() as tx:
        await users.set_password(tx, OPERATOR, tenant.id, user.id, "$other", False, NOON)
    async with store.read() as read:
        assert await passwords.find_credential(read, tenant.id, user.id) == ("$other", 0)


async def test_a_refused_part_leaves_nothing_of_the_whole(store: Store) -> None:
    tenant = await a_tenant(store)
    user, _ = await _create(store, tenant), await _create(store, tenant, "bob")
    await _delete(store, user)
    changes = UserChanges(display_name="Else", user_principal_name=f"bob@{tenant.domain}")
    password = NewPassword("$other", must_change=False)

    async def change() -> None:
        async with store.write() as tx:
            await users.update_user(tx, OPERATOR, tenant.id, user.id, changes, NOON, password=password, restore=True)

    with pytest.raises(AlreadyExists):
        await change()
    async with store.read() as read:
        row = await user_rows.find(read, tenant.id, user.id)
        assert row is not None
        assert (row.deleted_at, row.display_name) == (NOON, "Ann")
        assert await passwords.find_credential(read, tenant.id, user.id) == ("$hash", 1)


@pytest.mark.parametrize("order", list(UserOrder))
@pytest.mark.parametrize("downwards", [False, True])
async def test_pages_hold_every_user_once_in_order(store: Store, order: UserOrder, downwards: bool) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    names = ["b", "a", "d", "c", "f", "e", "g"]
    for number, name in enumerate(names):
        await _create(store, tenant, name, display_name=f"Same {number % 3}")
    await _create(store, other, "a")
    seen: list[User] = []
    after = None
    while True:
        async with store.read() as read:
            found, after = await users.list_users(
                read, OPERATOR, tenant.id, order=order, downwards=downwards, after=after, limit=3, now=NOON
            )
        seen += found
        assert len(found) <= 3
        if after is None:
            break
    keys = [(user.upn_key if order is UserOrder.NAME else user.display_name, user.id) for user in seen]
    assert len(set(keys)) == len(names)
    assert keys == sorted(keys, reverse=downwards)


async def test_of_many_who_want_a_name_at_once_one_gets_it(store: Store) -> None:
    tenant = await a_tenant(store)
    bob, cleo = await _create(store, tenant, "bob"), await _create(store, tenant, "cleo")
    deleted = await _create(store, tenant, "ann")
    await _delete(store, deleted)
    name = f"ann@{tenant.domain}"
    outcomes = await asyncio.gather(
        *(_create(store, tenant, "ann") for _ in range(4)),
        _update(store, bob, user_principal_name=name),
        _update(store, cleo, user_principal_name=name),
        _update(store, deleted, restore=True),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, AlreadyExists) for outcome in outcomes) == 6
    async with store.read() as read:
        owner = await user_rows.find_by_name(read, tenant.id, name)
        assert owner in outcomes
        found, _ = await users.list_users(read, OPERATOR, tenant.id, limit=10, now=NOON)
    assert all(user.user_type == "member" for user in found)


async def test_one_of_many_deletions_wins(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await _create(store, tenant)
    outcomes = await asyncio.gather(*(_delete(store, user) for _ in range(8)), return_exceptions=True)
    assert outcomes.count(None) == 1
    assert (await _events(store, tenant)).count("user.deleted") == 1


async def test_another_tenants_user_is_absent_everywhere(store: Store) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    user = await _create(store, tenant)
    stray = user._replace(tenant_id=other.id)
    for attempt in (
        _update(store, stray, display_name="X"),
        _update(store, stray, restore=True),
        _delete(store, stray),
    ):
        with pytest.raises(NotFound):
            await attempt
    async with store.read() as read:
        with pytest.raises(NotFound):
            await users.get_user(read, OPERATOR, other.id, user.id, NOON)
        assert await users.get_user(read, OPERATOR, tenant.id, user.id, NOON) == user


async def test_every_function_asks_for_the_callers_rights_first(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await _create(store, tenant)
    alone = Caller(
        CallerKind.CONNECTOR,
        Origin(CorrelationId("c"), ""),
        Audience.PARTNER_CENTER,
        tenant_id=tenant.id,
        connector_id=ConnectorId(new_guid()),
        permissions=frozenset({"partner_center"}),
    )
    nobody = UserId(new_guid())
    new_user = NewUser(user_principal_name=f"bob@{tenant.domain}", display_name="Bob")
    async with store.write() as tx:
        for attempt in (
            users.create_user(tx, alone, tenant.id, new_user, None, True, NOON),
            users.get_user(tx, alone, tenant.id, nobody, NOON),
            users.list_users(tx, alone, tenant.id, limit=1, now=NOON),
            users.update_user(tx, alone, tenant.id, nobody, UserChanges(), NOON),
            users.update_user(tx, alone, tenant.id, nobody, UserChanges(), NOON, restore=True),
            users.set_password(tx, alone, tenant.id, user.id, "$x", True, NOON),
            users.delete_user(tx, alone, tenant.id, user.id, NOON),
            users.restore_user(tx, alone, tenant.id, user.id, NOON),
        ):
            with pytest.raises(AppOnlyRefused):
                await attempt
