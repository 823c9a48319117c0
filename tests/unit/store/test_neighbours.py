"""A statement about one row knows it by all that it is asked for: of two of a kind the other is left, and not found."""

from __future__ import annotations

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.clock import HOUR, Micros
from tenantry.core.ids import ConnectorId
from tenantry.store.connectors import connector_lists, connector_roles, connector_secrets
from tenantry.store.delegation import relationships
from tenantry.store.devices import device_tokens, devices, managed_accounts
from tenantry.store.engine.interface import Store
from tenantry.store.overview import reach
from tenantry.store.tenants import tenants
from tenantry.store.tokens import grant_lists, presented
from tenantry.store.users import roles, user_facts, user_imports
from tests.support.builders import HASHER
from tests.support.clock import NOON
from tests.support.town import ANDROID_IDS, Quarter, Town

ADMINISTRATOR = RoleId.GLOBAL_ADMINISTRATOR


@pytest.fixture
async def home(town: Town) -> Quarter:
    return town.home


async def test_a_device_is_changed_by_itself_and_not_found_once_it_is_removed(store: Store, home: Quarter) -> None:
    tenant_id, account_id = home.tenant.id, home.devices.accounts[0]
    async with store.write() as tx:
        assert await devices.set_state(tx, tenant_id, account_id, ANDROID_IDS[0], "enabled")
        states = [(each.android_id, each.account_state) for each in await devices.list_live(tx, tenant_id, account_id)]
        assert states == [(ANDROID_IDS[0], "enabled"), (ANDROID_IDS[1], "disabled")]
        assert await devices.remove_others(tx, tenant_id, account_id, ANDROID_IDS[1], NOON) == 1
        assert await devices.find(tx, tenant_id, account_id, ANDROID_IDS[0]) is None
        assert await devices.find(tx, tenant_id, account_id, ANDROID_IDS[1]) is not None
        assert not await devices.set_state(tx, tenant_id, account_id, ANDROID_IDS[0], "disabled")


async def test_rows_that_wait_for_a_device_are_counted_by_account(store: Store, home: Quarter) -> None:
    first, second = home.devices.accounts
    async with store.write() as tx:
        for account_id, enterprise in zip((first, second), home.devices.enterprises, strict=True):
            await devices.set_policy(tx, home.tenant.id, enterprise.id, account_id, "00cc", "{}", NOON)
        assert await devices.count_waiting_beside(tx, home.tenant.id, first, "00dd") == 1
        assert await devices.count_waiting_beside(tx, home.tenant.id, first, "00cc") == 0


async def test_accounts_are_found_by_address_in_their_own_enterprise(store: Store, home: Quarter) -> None:
    async with store.write() as tx:
        await tx.run(
            "UPDATE managed_accounts SET primary_email = 'ann@x.test' WHERE tenant_id = :id", id=home.tenant.id
        )
        for enterprise in home.devices.enterprises:
            found = await managed_accounts.list_by_email(tx, home.tenant.id, enterprise.id, "ann@x.test", 9)
            assert {account.enterprise_id for account in found} == {enterprise.id}
            assert len(found) == 2


async def test_of_a_users_device_tokens_those_end_that_nobody_claimed(store: Store, home: Quarter) -> None:
    user = home.people.members[0]
    async with store.write() as tx:
        await tx.run("UPDATE managed_accounts SET user_id = :u WHERE id = :a", u=user.id, a=home.devices.accounts[0])
        await device_tokens.revoke_unused_of_user(tx, home.tenant.id, user.id, NOON)
        rows = await tx.all(
            lambda account, claimed, revoked: (account == home.devices.accounts[0] and claimed is None, revoked),
            "SELECT managed_account_id, claimed_at, revoked_at FROM device_tokens WHERE tenant_id = :id",
            id=home.tenant.id,
        )
    assert sorted(rows, key=str) == sorted([(True, NOON)] * 2 + [(False, None)] * (len(rows) - 2), key=str)


async def test_one_relationship_expires_when_its_own_end_has_come(store: Store, home: Quarter) -> None:
    first, second = home.relations.given
    async with store.write() as tx:
        await tx.run(
            "UPDATE delegated_relationships SET expires_at = :now WHERE tenant_id = :id", now=NOON, id=home.tenant.id
        )
        assert await relationships.expire(tx, home.tenant.id, first, NOON - 1) is None
        expired = await relationships.expire(tx, home.tenant.id, first, NOON)
        assert expired is not None
        assert expired.id == first
        other = await relationships.find(tx, home.tenant.id, second)
    assert other is not None
    assert other.status == "active"


@pytest.mark.parametrize("state", ["disabled_at", "deleted_at"])
async def test_a_role_is_held_by_another_who_can_use_it(store: Store, home: Quarter, state: str) -> None:
    first, second = home.people.admins
    async with store.write() as tx:
        assert await roles.is_held_by_another(tx, home.tenant.id, ADMINISTRATOR, first.id, NOON)
        await tx.run(
            f"UPDATE users SET {state} = :now WHERE tenant_id = :t AND id = :u", now=NOON, t=home.tenant.id, u=second.id
        )
        assert not await roles.is_held_by_another(tx, home.tenant.id, ADMINISTRATOR, first.id, NOON)
        is_given = await roles.upsert(
            tx, home.tenant.id, second.id, role_id=ADMINISTRATOR, expires_at=None, given_by=None, now=NOON
        )
        assert is_given == (state == "disabled_at")


@pytest.mark.parametrize("state", ["deactivated_at", "deleted_at"])
async def test_an_app_that_is_off_or_gone_holds_no_role(store: Store, home: Quarter, state: str) -> None:
    first, second = home.apps.connectors
    async with store.write() as tx:
        await tx.run(f"UPDATE connectors SET {state} = :now WHERE id = :id", now=NOON, id=first.id)
        assert await connector_roles.list_live(tx, home.tenant.id, ConnectorId(first.id), NOON) == []
        assert len(await connector_roles.list_live(tx, home.tenant.id, ConnectorId(second.id), NOON)) == 1


async def test_a_domain_that_is_not_proven_names_nobody(store: Store, home: Quarter) -> None:
    name = home.tenant.domain
    async with store.write() as tx:
        found = await tenants.find_undeleted_by_domain(tx, name)
        assert found is not None
        assert found.id == home.tenant.id
        await tx.run("UPDATE domains SET verified_at = NULL WHERE name = :name", name=name)
        assert await tenants.find_undeleted_by_domain(tx, name) is None


async def test_rows_of_an_import_are_claimed_from_where_it_is(store: Store, home: Quarter) -> None:
    async with store.write() as tx:
        [first, second] = await tx.all(str, "SELECT id FROM user_imports WHERE tenant_id = :id", id=home.tenant.id)
        start = await tx.one_or_none(int, "SELECT next_row FROM user_imports WHERE id = :id", id=first)
        assert start is not None
        claim = user_imports.claim_rows
        assert not await claim(tx, home.tenant.id, first, from_row=start + 1, to_row=start + 9)
        assert await claim(tx, home.tenant.id, first, from_row=start, to_row=start + 9)
        assert not await claim(tx, home.tenant.id, first, from_row=start, to_row=start + 9)
        assert await claim(tx, home.tenant.id, second, from_row=start, to_row=start + 9)


async def _noted(store: Store, connector_id: str) -> list[tuple[bytes, Micros | None]]:
    async with store.read() as read:
        return await read.all(
            lambda secret_hash, at: (bytes(secret_hash), at),
            "SELECT secret_hash, last_used_at FROM connector_secrets WHERE connector_id = :id ORDER BY id",
            id=connector_id,
        )


async def test_the_use_of_a_secret_is_noted_of_that_secret_and_never_taken_back(store: Store, home: Quarter) -> None:
    connector_id = home.apps.connectors[0].id
    [(used, _), (other, _)] = await _noted(store, connector_id)
    for at in (NOON + HOUR, NOON):
        await connector_secrets.note_uses(store, [((ConnectorId(connector_id), used), at)])
    assert await _noted(store, connector_id) == [(used, NOON + HOUR), (other, None)]
    async with store.read() as read:
        listed = await connector_lists.list_by_name(read, home.tenant.id, NOON, limit=9)
    assert {row.id: row.last_used_at for row in listed} == {
        connector_id: NOON + HOUR,
        home.apps.connectors[1].id: None,
    }


async def test_a_public_app_was_used_last_when_its_newest_token_was(store: Store, home: Quarter) -> None:
    connector, grant = home.apps.connectors[1], home.apps.grants[1]
    async with store.write() as tx:
        await tx.run("UPDATE connectors SET kind = 'public' WHERE id = :id", id=connector.id)
        await tx.run("UPDATE refresh_tokens SET last_used_at = :at WHERE grant_id = :id", at=NOON, id=grant.id)
        listed = await connector_lists.list_by_name(tx, home.tenant.id, NOON, limit=9)
    assert {row.id: row.last_used_at for row in listed}[connector.id] == NOON


async def test_a_secret_is_good_until_its_end_and_not_at_it(store: Store, home: Quarter) -> None:
    connector, grant = home.apps.connectors[1], home.apps.grants[1]
    presented_hash, token_hash = HASHER.hash(connector.secret), HASHER.hash(grant.refresh_token)
    async with store.write() as tx:
        await tx.run(
            "UPDATE connector_secrets SET expires_at = :end WHERE connector_id = :id", end=NOON + 2, id=connector.id
        )
        for now, is_good in ((NOON + 1, True), (NOON + 2, False)):
            row = await presented.find_refresh_token(tx, home.tenant.id, token_hash, connector.id, presented_hash, now)
            assert row is not None
            assert (row.secret_hash is not None) is is_good
            named = await presented.find_connector(tx, connector.id, presented_hash, now)
            assert named is not None
            assert (named.secret_hash is not None) is is_good


async def test_whoever_made_an_app_that_waits_is_named(store: Store, home: Quarter) -> None:
    first, second = home.people.members
    async with store.write() as tx:
        for connector, maker in zip(home.apps.connectors, (first, second), strict=True):
            sql = "UPDATE connectors SET waiting_since = :now, created_by = :by WHERE id = :id"
            await tx.run(sql, now=NOON, by=maker.id, id=connector.id)
        waiting = await connector_lists.list_waiting(tx, home.tenant.id, limit=9)
    assert {row.owner_principal_name for row in waiting} == {first.user_principal_name, second.user_principal_name}
    assert len(waiting) == 2


async def test_groups_that_a_token_opens_are_counted_as_far_as_is_said(
    store: Store, home: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grant_lists, "COUNTED", 1)
    tenant_id, user_id = home.tenant.id, home.people.members[0].id
    async with store.read() as read:
        for found in (
            await grant_lists.list_reached_by_user(read, tenant_id, user_id, limit=9),
            await grant_lists.list_reached_by_tenant(read, tenant_id, limit=9),
            await grant_lists.list_reached_by_group(read, tenant_id, home.groups.groups[0], limit=9),
        ):
            assert {group.of_all for group in found} == {1}


async def test_a_role_of_an_app_is_held_until_its_end(store: Store, home: Quarter) -> None:
    first, second = home.apps.connectors
    async with store.write() as tx:
        await tx.run("UPDATE connector_roles SET expires_at = :end WHERE connector_id = :id", end=NOON + 1, id=first.id)
        for now, held_by in ((NOON, {first.id, second.id}), (NOON + 1, {second.id})):
            holders = await connector_roles.list_holders(tx, home.tenant.id, RoleId.DIRECTORY_READERS, now, 9)
            assert {holder.id for holder in holders} == held_by


async def test_rows_of_an_import_come_in_the_order_of_the_file(store: Store, home: Quarter) -> None:
    rows = [(number, "{}", None) for number in (4, 2, 5, 3)]
    async with store.write() as tx:
        await user_imports.insert(
            tx, home.tenant.id, "import", file_name="a.csv", created_by="ann", rows=rows, ignored=[], now=NOON
        )
        for limit in (2, 9):
            found = await user_imports.list_rows(tx, home.tenant.id, "import", from_row=3, limit=limit)
            assert [row.number for row in found] == [3, 4, 5][:limit]


async def test_the_newest_token_of_a_user_comes_first(store: Store, home: Quarter) -> None:
    user, newest = home.people.members[0], home.apps.grants[0]
    async with store.write() as tx:
        await tx.run("UPDATE grants SET created_at = created_at + 1 WHERE id = :id", id=newest.id)
        found = await user_facts.list_tokens(tx, home.tenant.id, user.id, NOON + 1, limit=9)
        assert found[0].id == newest.id
        assert {token.id for token in found} == {newest.id, *(grant.id for grant in home.apps.group_grants)}
        await tx.run("UPDATE grants SET created_at = created_at - 2 WHERE id = :id", id=newest.id)
        found = await user_facts.list_tokens(tx, home.tenant.id, user.id, NOON + 1, limit=9)
    assert found[-1].id == newest.id


async def test_groups_that_a_user_administers_come_before_those_it_is_in_and_receives(
    store: Store, home: Quarter
) -> None:
    user = home.people.members[1]
    groups = [*home.groups.groups, *home.groups.broadcasts]
    async with store.write() as tx:
        for name, (group, role) in zip(
            "dcba", zip(groups, ("admin", "member", "subscriber", "admin"), strict=True), strict=True
        ):
            names = {"tenant": home.tenant.id, "group": group}
            await tx.run("UPDATE groups SET name = :name WHERE tenant_id = :tenant AND id = :group", name=name, **names)
            await tx.run(
                """
                UPDATE group_members SET role = :role
                WHERE tenant_id = :tenant AND group_id = :group AND user_id = :user
                """,
                role=role,
                user=user.id,
                **names,
            )
        found = await grant_lists.list_reached_by_user(tx, home.tenant.id, user.id, limit=9)
    assert [(group.name, group.role) for group in found] == [
        ("a", "admin"),
        ("d", "admin"),
        ("c", "member"),
        ("b", "subscriber"),
    ]


async def test_what_there_is_is_counted_as_far_as_is_said_and_found_by_name(store: Store, home: Quarter) -> None:
    tenant_id, admin = home.tenant.id, home.people.admins[0]
    async with store.read() as read:
        assert set(await reach.count_things(read, tenant_id, NOON + 1, 1)) == {1}
        held = await reach.list_holders(
            read, tenant_id, NOON + 1, named_like=admin.user_principal_name.lower(), limit=9
        )
        assert [holder.user_id for holder in held] == [admin.id]
        own = await grant_lists.list_reached_by_user(read, tenant_id, home.people.newcomers[0].id, limit=9)
        assert own == []
