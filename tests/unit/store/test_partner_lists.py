"""What customers and partners list of each other: the living, and of relationships those whose end is ahead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from tenantry.core.clock import DAY
from tenantry.core.ids import TenantId
from tenantry.store.delegation import customer_paths, partner_customers
from tenantry.store.delegation.customer_paths import CustomerPath
from tenantry.store.delegation.partner_customers import ListedCustomer
from tenantry.store.engine.interface import Read, Store
from tenantry.store.overview import reach, reports
from tests.support.builders import SomeTenant, a_relationship, a_tenant, an_enterprise
from tests.support.clock import NOON

LATER = NOON + 5 * DAY


async def paths_of(read: Read, partner: TenantId) -> dict[str, CustomerPath]:
    found = await customer_paths.list_by_name(read, partner, LATER, named_like="%", after=("", ""), limit=9, most=9)
    return {path.id: path for path in found}


async def customers_of(read: Read, partner: TenantId) -> dict[str, ListedCustomer]:
    found = await partner_customers.list_by_name(read, partner, LATER, prefix="", after=None, limit=9)
    return {customer.id: customer for customer in found}


async def test_what_has_expired_is_no_path_no_end_and_no_request(store: Store) -> None:
    partner = await a_tenant(store)
    live, asked, over = [await a_tenant(store) for _ in range(3)]
    for customer, approved, days in (
        *((live, True, days) for days in (1, 10)),
        *((live, False, days) for days in (1, 10)),
        (asked, True, 1),
        (asked, False, 10),
        (over, True, 1),
        (over, False, 1),
    ):
        asked_at = NOON if days == 1 else NOON + DAY  # one waits at a time
        lifetime = NOON + days * DAY - asked_at
        await a_relationship(
            store, partner, customer, approved=approved, reseller=False, lifetime=lifetime, now=asked_at
        )
    async with store.read() as read:
        paths, customers = await paths_of(read, partner.id), await customers_of(read, partner.id)
    assert {name: (path.live, path.ends_at, path.waiting) for name, path in paths.items()} == {
        live.id: (1, NOON + 10 * DAY, 1),
        asked.id: (0, None, 1),
    }
    assert {name: (one.active_until, one.waiting) for name, one in customers.items()} == {
        live.id: (NOON + 10 * DAY, 1),
        asked.id: (None, 1),
        over.id: (None, 0),
    }


@dataclass
class Pair:
    """The partner has a live relationship with the customer and one that waits, and is the EMM of its enterprise."""

    partner: SomeTenant
    customer: SomeTenant


@pytest.fixture
async def pair(store: Store) -> Pair:
    partner, customer = await a_tenant(store), await a_tenant(store)
    for approved in (True, False):
        await a_relationship(store, partner, customer, approved=approved, lifetime=10 * DAY)
    await an_enterprise(store, customer, partner)
    return Pair(partner, customer)


async def _paths(read: Read, pair: Pair) -> int:
    return len(await paths_of(read, pair.partner.id))


async def _customers(read: Read, pair: Pair) -> int:
    """A deleted one that had agreed to something still stands there, as one that is deleted."""
    found = await customers_of(read, pair.partner.id)
    return sum(each.deleted_at is None for each in found.values())


async def _managed(read: Read, pair: Pair) -> int:
    return (await reach.count_things(read, pair.partner.id, LATER, 9)).managed


async def _reached(read: Read, pair: Pair) -> int:
    return (await reach.count_things(read, pair.partner.id, LATER, 9)).customers


async def _ways_in(read: Read, pair: Pair) -> int:
    found = await reach.list_partner_paths(read, pair.customer.id, LATER, named_like="%", after=("", ""), limit=9)
    return len(found)


async def _ending(read: Read, pair: Pair) -> int:
    return len(await reports.list_ending(read, pair.customer.id, LATER, LATER + 30 * DAY, 9))


async def _waiting(read: Read, pair: Pair) -> int:
    return len(await reports.list_waiting_relationships(read, pair.customer.id, LATER, 9))


OF_PARTNER: dict[Callable[[Read, Pair], Awaitable[int]], int] = {_paths: 1, _customers: 1, _managed: 1, _reached: 1}
"""What the partner sees of its customer, and how often."""
OF_CUSTOMER: dict[Callable[[Read, Pair], Awaitable[int]], int] = {_ways_in: 3, _ending: 1, _waiting: 1}


@pytest.mark.parametrize("end", ["disabled_at", "deleted_at"])
async def test_of_a_tenant_that_is_disabled_or_deleted_nothing_is_listed_or_counted(
    store: Store, pair: Pair, end: str
) -> None:
    async with store.write() as tx:
        for lists, whose in ((OF_PARTNER, pair.customer), (OF_CUSTOMER, pair.partner)):
            assert {count: await count(tx, pair) for count in lists} == lists
            await tx.run(f"UPDATE tenants SET {end} = :now WHERE id = :id", now=NOON, id=whose.id)
            assert {await count(tx, pair) for count in lists} == {0}
            await tx.run(f"UPDATE tenants SET {end} = NULL WHERE id = :id", id=whose.id)
