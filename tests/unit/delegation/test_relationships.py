"""Relationships: each state is left once, whoever comes at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from tenantry.access.actions import RoleId
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import AlreadyExists, FailedPrecondition, Forbidden, InvalidValue, NotFound
from tenantry.core.ids import RelationshipId, new_guid
from tenantry.delegation.relationships import (
    approve_relationship,
    create_reseller_relationship,
    end_relationship,
    end_reseller_relationship,
    request_relationship,
    status_at,
)
from tenantry.directory.tenants import disable_tenant, enable_tenant, update_tenant
from tenantry.store.delegation import customer_paths, partner_customers, relationships
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.trail import audit_events
from tests.support.builders import OPERATOR, a_relationship, a_tenant, a_user, as_user
from tests.support.clock import NOON


async def test_a_relationship_goes_from_pending_to_active_to_expired(store: Store) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    pending = await a_relationship(store, partner, customer, lifetime=DAY, approved=False, reseller=False)
    async with store.write() as tx:
        [row] = await relationships.list_of_pair(tx, customer.id, partner.id)
        assert status_at(row, NOON) == "approvalPending"
        await approve_relationship(tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=pending, now=NOON)
        [row] = await relationships.list_of_pair(tx, customer.id, partner.id)
        assert (status_at(row, NOON), status_at(row, NOON + DAY)) == ("active", "expired")
        trail = await audit_events.list_after(tx, customer.id, "", 10)
    assert {event.type for event in trail} >= {"relationship.requested", "relationship.approved"}


@pytest.mark.parametrize("change", [approve_relationship, end_relationship])
async def test_of_many_who_change_the_state_one_does(store: Store, change: Callable[..., Awaitable[None]]) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    relationship_id = await a_relationship(store, partner, customer, approved=False, reseller=False)

    async def once() -> None:
        async with store.write() as tx:
            await change(tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=relationship_id, now=NOON)

    outcomes = await asyncio.gather(*(once() for _ in range(8)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, FailedPrecondition) for outcome in outcomes) == 7


async def test_what_is_over_is_neither_approved_nor_ended_again(store: Store) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    late = await a_relationship(store, partner, customer, lifetime=DAY, approved=False, reseller=False)
    async with store.write() as tx:
        with pytest.raises(FailedPrecondition, match="expired"):
            await approve_relationship(
                tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=late, now=NOON + DAY
            )
        await end_relationship(tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=late, now=NOON)
        with pytest.raises(FailedPrecondition, match="terminated"):
            await end_relationship(tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=late, now=NOON)
        [row] = await relationships.list_of_pair(tx, customer.id, partner.id)
    assert [status_at(row, now) for now in (NOON, NOON + 2 * DAY)] == ["terminated"] * 2


async def test_of_many_requests_at_once_one_waits_and_the_next_when_it_is_over(store: Store) -> None:
    customer, partner = await a_tenant(store, name="Northwind"), await a_tenant(store)

    async def ask(now: Micros) -> RelationshipId:
        return await a_relationship(store, partner, customer, lifetime=DAY, approved=False, reseller=False, now=now)

    outcomes = await asyncio.gather(*(ask(NOON) for _ in range(8)), return_exceptions=True)
    [first] = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert sum(isinstance(outcome, AlreadyExists) for outcome in outcomes) == 7
    async with store.write() as tx:
        await end_relationship(tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=first, now=NOON)
    await ask(NOON)
    await ask(NOON + DAY)  # the second has expired
    async with store.read() as read:
        assert len(await relationships.list_of_pair(read, customer.id, partner.id)) == 3
        trail = await audit_events.list_after(read, customer.id, "", 20)
    assert [event.type for event in trail].count("relationship.requested") == 3


async def test_who_asks_learns_the_customers_name_when_it_agrees_and_no_change_of_it_before(store: Store) -> None:
    customer, partner = await a_tenant(store, name="Northwind"), await a_tenant(store)

    async def names() -> list[str]:
        async with store.read() as read:
            listed = await partner_customers.list_by_name(read, partner.id, NOON, prefix="", after=None, limit=9)
            paths = await customer_paths.list_by_name(
                read, partner.id, NOON, named_like="%", after=("", ""), limit=9, most=9
            )
            return [
                str(await partner_customers.find_name(read, partner.id, customer.id)),
                listed[0].name,
                paths[0].name,
            ]

    waiting = await a_relationship(store, partner, customer, approved=False, reseller=False)
    assert await names() == [customer.id] * 3
    async with store.write() as tx:
        await update_tenant(tx, OPERATOR, customer.id, name="Southwind", country=None, now=NOON)
    assert await names() == [customer.id] * 3
    async with store.write() as tx:
        await approve_relationship(tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=waiting, now=NOON)
    assert await names() == ["Southwind"] * 3
    await a_relationship(store, partner, customer, approved=False, reseller=False)
    assert await names() == ["Southwind"] * 3


async def test_another_customer_can_neither_approve_nor_end_it(store: Store) -> None:
    customer, partner, other = await a_tenant(store), await a_tenant(store), await a_tenant(store)
    relationship_id = await a_relationship(store, partner, customer, approved=False, reseller=False)
    async with store.write() as tx:
        for change in (approve_relationship, end_relationship):
            for tenant_id, wanted in ((other.id, relationship_id), (customer.id, RelationshipId(new_guid()))):
                with pytest.raises(NotFound):
                    await change(tx, OPERATOR, customer_tenant_id=tenant_id, relationship_id=wanted, now=NOON)
        row = await relationships.find(tx, customer.id, relationship_id)
    assert row is not None
    assert row.status == "approvalPending"


async def test_a_reseller_relationship_made_twice_is_one_and_can_begin_again(store: Store) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    pair = {"customer_tenant_id": customer.id, "partner_tenant_id": partner.id}

    async def once() -> None:
        async with store.write() as tx:
            await create_reseller_relationship(tx, OPERATOR, **pair, now=NOON)

    await asyncio.gather(*(once() for _ in range(4)))
    async with store.write() as tx:
        assert await relationships.has_open_reseller(tx, customer.id, partner.id)
        await end_reseller_relationship(tx, OPERATOR, **pair, now=NOON)
        assert not await relationships.has_open_reseller(tx, customer.id, partner.id)
        with pytest.raises(NotFound):
            await end_reseller_relationship(tx, OPERATOR, **pair, now=NOON)
        await create_reseller_relationship(tx, OPERATOR, **pair, now=NOON)
        assert await relationships.has_open_reseller(tx, customer.id, partner.id)
        trail = await audit_events.list_after(tx, customer.id, "", 10)
    assert [event.type for event in trail].count("reseller_relationship.created") == 2


@pytest.mark.parametrize("disabled", [False, True])
async def test_the_partners_list_knows_that_it_is_no_reseller_any_more(store: Store, disabled: bool) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    pair = {"customer_tenant_id": customer.id, "partner_tenant_id": partner.id}

    async def is_reseller(tx: Tx) -> list[int]:
        listed = await partner_customers.list_by_name(tx, partner.id, NOON, prefix="", after=None, limit=9)
        return [row.is_reseller for row in listed]

    async with store.write() as tx:
        await create_reseller_relationship(tx, OPERATOR, **pair, now=NOON)
        assert await is_reseller(tx) == [1]
        if disabled:
            await disable_tenant(tx, OPERATOR, customer.id, NOON)
        await end_reseller_relationship(tx, OPERATOR, **pair, now=NOON)
        if disabled:
            await enable_tenant(tx, OPERATOR, customer.id, NOON)
        assert await is_reseller(tx) == [0]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"display_name": ""}, "display_name"),
        ({"display_name": "x" * 51}, "display_name"),
        ({"role_ids": []}, "role_ids"),
        ({"expires_at": NOON}, "expires_at"),
        ({"expires_at": NOON + 730 * DAY + 1}, "expires_at"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_by_name(
    store: Store, values: dict[str, object], field: str
) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    good: dict[str, object] = {
        "display_name": "Support",
        "role_ids": [RoleId.USER_ADMINISTRATOR],
        "expires_at": NOON + DAY,
    }
    async with store.write() as tx:
        with pytest.raises(InvalidValue) as caught:
            await request_relationship(
                tx,
                OPERATOR,
                customer_tenant_id=customer.id,
                partner_tenant_id=partner.id,
                now=NOON,
                **{**good, **values},  # type: ignore[arg-type]
            )
        with pytest.raises(InvalidValue):
            await create_reseller_relationship(
                tx, OPERATOR, customer_tenant_id=customer.id, partner_tenant_id=customer.id, now=NOON
            )
    assert caught.value.field == field


async def test_a_partner_with_every_role_decides_nothing_about_the_customers_partners(store: Store) -> None:
    customer, partner, other = await a_tenant(store), await a_tenant(store), await a_tenant(store)
    admin = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    caller = replace(as_user(admin), amr=frozenset({"pwd", "mfa"}))
    await a_relationship(store, partner, customer, roles=list(RoleId))
    pending = await a_relationship(store, other, customer, approved=False, reseller=False)
    async with store.write() as tx:
        for change in (approve_relationship, end_relationship):
            with pytest.raises(Forbidden):
                await change(tx, caller, customer_tenant_id=customer.id, relationship_id=pending, now=NOON)
        with pytest.raises(Forbidden):  # nor does it ask in the customer's name
            await request_relationship(
                tx,
                caller,
                customer_tenant_id=other.id,
                partner_tenant_id=customer.id,
                display_name="Support",
                role_ids=[RoleId.USER_ADMINISTRATOR],
                expires_at=NOON + DAY,
                now=NOON,
            )


async def test_who_holds_no_role_neither_asks_nor_approves_nor_ends(store: Store) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    theirs, ours = as_user(await a_user(store, customer)), as_user(await a_user(store, partner))
    pending = await a_relationship(store, partner, customer, approved=False, reseller=False)
    async with store.write() as tx:
        for caller in (theirs, ours):
            for change in (approve_relationship, end_relationship):
                with pytest.raises((Forbidden, NotFound)):
                    await change(tx, caller, customer_tenant_id=customer.id, relationship_id=pending, now=NOON)
        with pytest.raises(Forbidden):
            await request_relationship(
                tx,
                ours,
                customer_tenant_id=customer.id,
                partner_tenant_id=partner.id,
                display_name="Support",
                role_ids=[RoleId.USER_ADMINISTRATOR],
                expires_at=NOON + DAY,
                now=NOON,
            )
        row = await relationships.find(tx, customer.id, pending)
    assert row is not None
    assert row.status == "approvalPending"
