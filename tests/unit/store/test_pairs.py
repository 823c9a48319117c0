"""What two organisations have with each other is of these two: a third, who has the same, neither shows nor changes it.

The home tenant is the customer of two partners and the partner of two customers, all alike.
"""

from __future__ import annotations

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.clock import DAY
from tenantry.core.ids import TenantId
from tenantry.store.delegation import partner_customers, relationships
from tenantry.store.engine.interface import Store
from tenantry.store.sign_in import passwords
from tenantry.store.tenants import tenants
from tenantry.store.users import roles
from tests.support.clock import NOON
from tests.support.town import Quarter, Town

LATER = NOON + 1
READER = RoleId.DIRECTORY_READERS


@pytest.fixture
async def home(town: Town) -> Quarter:
    return town.home


async def test_a_relationship_is_activated_once_and_before_its_end(store: Store, home: Quarter) -> None:
    tenant_id, (first, second) = home.tenant.id, home.relations.given
    async with store.write() as tx:
        assert await relationships.activate(tx, tenant_id, first, LATER) is None
        await tx.run(
            "UPDATE delegated_relationships SET status = 'approvalPending', expires_at = :at WHERE tenant_id = :id",
            at=NOON + DAY,
            id=tenant_id,
        )
        assert await relationships.activate(tx, tenant_id, first, NOON + DAY) is None
        active = await relationships.activate(tx, tenant_id, first, NOON + DAY - 1)
        assert active is not None
        assert (active.id, active.status) == (first, "active")
        other = await relationships.find(tx, tenant_id, second)
        assert other is not None
        assert other.status == "approvalPending"


async def test_a_relationship_is_terminated_once(store: Store, home: Quarter) -> None:
    tenant_id, (first, second) = home.tenant.id, home.relations.given
    async with store.write() as tx:
        ended = await relationships.terminate(tx, tenant_id, first, LATER)
        assert ended is not None
        assert (ended.id, ended.ended_at) == (first, LATER)
        assert await relationships.terminate(tx, tenant_id, first, LATER + 1) is None
        other = await relationships.find(tx, tenant_id, second)
        assert other is not None
        assert (other.status, other.ended_at) == ("active", None)


async def test_relationships_of_a_pair_are_those_of_no_other_partner(store: Store, home: Quarter) -> None:
    tenant_id, relations = home.tenant.id, home.relations
    async with store.read() as read:
        for list_of in (relationships.list_of_pair, relationships.list_of_live_pair):
            for partner, given in zip(relations.partners, relations.given, strict=True):
                assert [each.id for each in await list_of(read, tenant_id, partner.id)] == [given]
            assert await list_of(read, relations.partners[0].id, tenant_id) == []


@pytest.mark.parametrize("state", ["disabled_at", "deleted_at"])
async def test_a_customer_that_is_not_live_has_no_live_pair(store: Store, home: Quarter, state: str) -> None:
    partner = home.relations.partners[0].id
    async with store.write() as tx:
        await tx.run(f"UPDATE tenants SET {state} = :now WHERE id = :id", now=NOON, id=home.tenant.id)
        assert await relationships.list_of_live_pair(tx, home.tenant.id, partner) == []
        assert len(await relationships.list_of_pair(tx, home.tenant.id, partner)) == 1


async def test_the_newest_relationship_of_a_pair_comes_first(store: Store, home: Quarter) -> None:
    tenant_id, partner, (first, second) = home.tenant.id, home.relations.partners[0].id, home.relations.given
    async with store.write() as tx:
        await tx.run(
            "UPDATE delegated_relationships SET partner_tenant_id = :p WHERE tenant_id = :id", p=partner, id=tenant_id
        )
        for newest in (first, second):
            await tx.run(
                """
                UPDATE delegated_relationships SET created_at = CASE WHEN id = :newest THEN 2 ELSE 1 END
                WHERE tenant_id = :id
                """,
                newest=newest,
                id=tenant_id,
            )
            for list_of in (relationships.list_of_pair, relationships.list_of_live_pair):
                assert (await list_of(tx, tenant_id, partner))[0].id == newest


async def test_a_reseller_is_open_once_and_ended_once(store: Store, home: Quarter) -> None:
    tenant_id, (first, second) = home.tenant.id, [partner.id for partner in home.relations.partners]
    has_open = relationships.has_open_reseller
    async with store.write() as tx:
        for partner in (first, second):
            await relationships.end_reseller(tx, tenant_id, partner, NOON)
            assert not await has_open(tx, tenant_id, partner)
            assert await relationships.open_reseller(tx, tenant_id, partner, NOON)
            assert not await relationships.open_reseller(tx, tenant_id, partner, NOON)
        assert await relationships.end_reseller(tx, tenant_id, first, LATER)
        assert not await relationships.end_reseller(tx, tenant_id, first, LATER)
        assert [await has_open(tx, tenant_id, partner) for partner in (first, second)] == [False, True]
        assert await relationships.open_reseller(tx, tenant_id, first, LATER)
        assert await has_open(tx, tenant_id, first)


async def test_a_partner_knows_the_name_of_each_customer_and_of_nobody_else(store: Store, home: Quarter) -> None:
    tenant_id, (first, second) = home.tenant.id, [customer.id for customer in home.relations.customers]
    find_name = partner_customers.find_name
    async with store.write() as tx:
        for customer, name in ((first, "Ash"), (second, "Birch")):
            await tx.run("UPDATE tenants SET name = :name WHERE id = :id", name=name, id=customer)
        assert [await find_name(tx, tenant_id, customer) for customer in (first, second)] == ["Ash", "Birch"]
        assert await find_name(tx, tenant_id, tenant_id) is None
        unknown = "UPDATE partner_customers SET name_key = customer_tenant_id WHERE customer_tenant_id = :id"
        await tx.run(unknown, id=first)
        await partner_customers.rename(tx, tenant_id, first, "Cedar")
        assert [await find_name(tx, tenant_id, customer) for customer in (first, second)] == [first, "Birch"]
        await partner_customers.rename(tx, tenant_id, second, "Cedar")
        keys = await tx.all(str, "SELECT name_key FROM partner_customers WHERE tenant_id = :id", id=tenant_id)
        assert sorted(keys) == sorted([first, "cedar"])
        partners = {partner.id for partner in home.relations.partners}
        assert set(await partner_customers.list_partners(tx, tenant_id)) >= partners
        assert set(await partner_customers.list_partners(tx, first)) == {tenant_id}


async def test_what_a_partner_gave_ends_with_it_and_nothing_that_another_gave(store: Store, home: Quarter) -> None:
    tenant_id, (first, second) = home.tenant.id, [partner.id for partner in home.relations.partners]
    given: list[tuple[str, RoleId, TenantId | None, int | None]] = [
        (home.people.members[0].id, READER, first, None),
        (home.people.members[1].id, READER, first, NOON + DAY),
        (home.people.newcomers[0].id, READER, second, None),
        (home.people.newcomers[1].id, READER, None, None),
        (home.people.newcomers[1].id, RoleId.LICENSE_ADMINISTRATOR, first, None),
    ]
    async with store.write() as tx:
        for user_id, role_id, by, end in given:
            await tx.run(
                """
                INSERT INTO role_assignments (tenant_id, user_id, role_id, expires_at, given_by, created_at)
                VALUES (:tenant_id, :user_id, :role_id, :end, :by, 0)
                """,
                tenant_id=tenant_id,
                user_id=user_id,
                role_id=role_id,
                end=end,
                by=by,
            )
        shorten = roles.shorten_given_by
        assert set(await shorten(tx, tenant_id, first, READER, NOON + 2 * DAY)) == {given[0][0]}
        assert set(await shorten(tx, tenant_id, first, READER, NOON + DAY)) == {given[0][0]}
        assert set(await shorten(tx, tenant_id, first, READER, LATER)) == {given[0][0], given[1][0]}
        assert set(await roles.end_given_by(tx, tenant_id, first, READER)) == {given[0][0], given[1][0]}
        assert await roles.end_given_by(tx, tenant_id, first, READER) == []
        left = await tx.all(
            str, "SELECT user_id FROM role_assignments WHERE tenant_id = :id AND created_at = 0", id=tenant_id
        )
    assert sorted(left) == sorted([given[2][0], given[3][0], given[4][0]])


FINDS = {
    "find_live": {"live"},
    "find_undeleted": {"live", "disabled"},
    "find_deleted": {"deleted"},
    "find_live_by_domain": {"live"},
    "find_undeleted_by_domain": {"live", "disabled"},
    "find_deleted_by_domain": {"deleted"},
}


@pytest.mark.parametrize("name", FINDS)
async def test_a_tenant_is_found_in_its_state_by_its_id_and_by_a_domain_that_is_proven(
    store: Store, town: Town, name: str
) -> None:
    find = getattr(tenants, name)
    states = {"live": town.home.tenant, "disabled": town.disabled.tenant, "deleted": town.deleted.tenant}
    async with store.write() as tx:
        for state, tenant in states.items():
            key = tenant.domain if name.endswith("domain") else tenant.id
            found = await find(tx, key)
            assert (found.id if found else None) == (tenant.id if state in FINDS[name] else None), state
        assert await find(tx, "nobody") is None
        if name.endswith("domain"):
            await tx.run("UPDATE domains SET verified_at = NULL")
            assert [await find(tx, tenant.domain) for tenant in states.values()] == [None] * 3


async def test_a_tenant_whose_purge_has_begun_does_not_come_back(store: Store, town: Town) -> None:
    tenant_id = town.deleted.tenant.id
    async with store.write() as tx:
        assert tenant_id in {tenant.id for tenant in await tenants.list_deleted(tx, "", 9)}
        await tx.run("UPDATE tenants SET deleted_at = :at WHERE id = :id", at=tenants.BEING_PURGED, id=tenant_id)
        assert not await tenants.mark_restored(tx, tenant_id, -1)
        assert tenant_id not in {tenant.id for tenant in await tenants.list_deleted(tx, "", 9)}


async def test_a_password_is_kept_under_other_parameters_only_while_it_is_the_same(store: Store, home: Quarter) -> None:
    first, second = home.people.members
    async with store.write() as tx:
        before = [await passwords.find_credential(tx, home.tenant.id, user.id) for user in (first, second)]
        assert before[0] is not None
        old = before[0].password_hash
        await passwords.replace_hash(tx, home.tenant.id, first.id, old="changed meanwhile", new="new")
        assert [await passwords.find_credential(tx, home.tenant.id, user.id) for user in (first, second)] == before
        await passwords.replace_hash(tx, home.tenant.id, first.id, old=old, new="new")
        after = [await passwords.find_credential(tx, home.tenant.id, user.id) for user in (first, second)]
    assert after[0] is not None
    assert after[0].password_hash == "new"
    assert after[1] == before[1]
