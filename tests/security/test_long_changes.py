"""One change that is about thousands of things asks the store for few statements: others' writes wait for all of them.

What such a change says to the trail is an event for some hundreds together, and nobody is left out.
"""

from __future__ import annotations

import json

import pytest

from tenantry.access.actions import RoleId
from tenantry.audit.record import MOST_APART
from tenantry.core.ids import TenantId
from tenantry.delegation.relationships import end_relationship
from tenantry.directory.identity_providers import (
    LINKS_AT_ONCE,
    NewProvider,
    add_identity_provider,
    remove_identity_provider,
)
from tenantry.directory.phones import add_verified_phone, user_or_guest_of
from tenantry.housekeeping import tidy
from tenantry.store.engine.interface import Store
from tenantry.store.sign_in import identity_providers
from tenantry.store.trail import audit_search
from tests.support.builders import KEY, OPERATOR, a_group, a_relationship, a_tenant, a_user
from tests.support.clock import NOON, FakeClock
from tests.support.counting import CountingStore
from tests.support.crowds import crowd_id, many_groups, many_linked, many_members, many_roles

MANY = 1_200
FEW = 60
"""Statements."""
ROLE = RoleId.USER_ADMINISTRATOR
NUMBER = "+14255550123"
ISSUER = "https://login.example"


async def named_in(store: Store, tenant_id: TenantId, kind: str, field: str) -> list[str]:
    """By all events of the type."""
    async with store.read() as read:
        found = await audit_search.of_type(
            read, tenant_id, kind, since=audit_search.FIRST, before=audit_search.LAST, limit=MANY
        )
    return [each for event in found for each in json.loads(event.data)[field]]


@pytest.mark.parametrize("goes_on", [False, True])
async def test_the_end_of_a_relationship_with_thousands_of_roles_given_is_a_short_change(
    store: Store, goes_on: bool
) -> None:
    """`goes_on`: another relationship of the two gives the role for a shorter time."""
    partner, customer = await a_tenant(store), await a_tenant(store)
    ended = await a_relationship(store, partner, customer, roles=[ROLE])
    if goes_on:
        await a_relationship(store, partner, customer, roles=[ROLE], lifetime=1_000)
    await many_members(store, customer.id, await a_group(store, customer), MANY, NOON)
    await many_roles(store, customer.id, ROLE, partner.id, MANY, NOON)
    own = await a_user(store, customer, roles=[ROLE])
    counting = CountingStore(store)
    with counting.counting() as cost:
        async with counting.write() as tx:
            await end_relationship(tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=ended, now=NOON)
    assert cost.steps < FEW
    async with store.read() as read:
        left = dict(
            await read.all(
                lambda user_id, expires_at: (user_id, expires_at),
                "SELECT user_id, expires_at FROM role_assignments WHERE tenant_id = :tenant_id",
                tenant_id=customer.id,
            )
        )
    assert left.pop(own.id) is None
    assert left == ({crowd_id(1, number): NOON + 1_000 for number in range(1, MANY + 1)} if goes_on else {})
    told = await named_in(store, customer.id, "roles.shortened" if goes_on else "roles.removed", "users")
    assert sorted(told) == [crowd_id(1, number) for number in range(1, MANY + 1)]


async def test_who_proves_the_number_of_a_guest_in_thousands_of_groups_makes_a_short_change(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    top = await a_group(store, tenant)
    async with store.write() as tx:
        guest = await user_or_guest_of(tx, OPERATOR, tenant.id, NUMBER, NOON)
    await many_groups(store, tenant.id, guest, top, MANY, NOON, deep=False)
    counting = CountingStore(store)
    with counting.counting() as cost:
        async with counting.write() as tx:
            await add_verified_phone(tx, OPERATOR, tenant.id, user.id, NUMBER, NOON)
    assert cost.steps < FEW
    async with store.read() as read:
        roles = await read.all(
            str,
            """
            SELECT role FROM group_members
            WHERE tenant_id = :tenant_id AND user_id = :user_id AND member_key IS NOT NULL
            """,
            tenant_id=tenant.id,
            user_id=user.id,
        )
    assert roles == ["admin"] * MANY
    told = await named_in(store, tenant.id, "group.places_taken_over", "groups")
    assert sorted(told) == [crowd_id(3, number) for number in range(1, MANY + 1)]


async def test_a_removed_provider_opens_nothing_at_once_and_forgets_its_thousands_of_accounts_in_steps(
    store: Store,
) -> None:
    tenant = await a_tenant(store)
    await many_members(store, tenant.id, await a_group(store, tenant), MANY, NOON)
    providers = []
    for name in ("Gone", "Stays"):
        new = NewProvider(name=name, issuer=ISSUER, client_id="us", client_secret="secret")
        async with store.write() as tx:
            providers.append(await add_identity_provider(tx, KEY, OPERATOR, tenant.id, new, NOON))
        await many_linked(store, tenant.id, providers[-1], ISSUER, MANY, NOON)
    gone, stays = providers

    async def left() -> list[int]:
        sql = "SELECT COUNT(*) FROM linked_identities WHERE tenant_id = :tenant_id AND provider_id = :provider_id"
        async with store.read() as read:
            return [
                count
                for provider_id in providers
                for count in await read.all(int, sql, tenant_id=tenant.id, provider_id=provider_id)
            ]

    async with store.write() as tx:
        await remove_identity_provider(tx, OPERATOR, tenant.id, gone, NOON)
    assert await left() == [MANY - LINKS_AT_ONCE, MANY]
    async with store.read() as read:
        assert await identity_providers.find_live(read, tenant.id, gone) is None
        assert await identity_providers.find_live(read, tenant.id, stays) is not None
    counts = await tidy(store, OPERATOR, FakeClock(NOON), {})
    assert counts["linked_identities"] == MANY - LINKS_AT_ONCE
    assert await left() == [0, MANY]


async def test_of_a_few_each_has_an_event_of_its_own(store: Store) -> None:
    partner, customer = await a_tenant(store), await a_tenant(store)
    ended = await a_relationship(store, partner, customer, roles=[ROLE])
    await many_members(store, customer.id, await a_group(store, customer), MOST_APART, NOON)
    await many_roles(store, customer.id, ROLE, partner.id, MOST_APART, NOON)
    async with store.write() as tx:
        await end_relationship(tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=ended, now=NOON)
    async with store.read() as read:
        found = await audit_search.of_type(
            read, customer.id, "role.removed", since=audit_search.FIRST, before=audit_search.LAST, limit=MANY
        )
    assert len({json.loads(event.data)["user_id"] for event in found}) == len(found) == MOST_APART
