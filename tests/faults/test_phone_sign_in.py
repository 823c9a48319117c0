"""Fail every step of a sign-in and of a new group once: nothing half-done is kept."""

from __future__ import annotations

import itertools

from tenantry.core.clock import MINUTE
from tenantry.directory.groups import NewGroup, create_group
from tenantry.directory.members import Newcomers
from tenantry.directory.phone_sign_in import request_sign_in_pin, sign_in_with_pin
from tenantry.directory.pins import PinRules
from tenantry.store import Store
from tenantry.tokens.clients import Client
from tenantry.tokens.keys.master_key import MasterKey
from tenantry.tokens.keys.signing_keys import KeyRing
from tests.support.app import MASTER_KEY
from tests.support.builders import HASHER, OPERATOR, a_connector, a_tenant, a_user, list_groups
from tests.support.clock import NOON, FakeClock
from tests.support.faults import FaultyStore, InjectedFault
from tests.support.issuing import issuing_on

RULES = PinRules(lifetime=5 * MINUTE, tries=5, sends_per_hour=None)


async def test_a_sign_in_that_fails_half_way_leaves_the_pin_as_it_was(store: Store) -> None:
    tenant = await a_tenant(store)
    user, connector = await a_user(store, tenant, phone=True), await a_connector(store, tenant)
    number, ring = str(user.phone_number), await KeyRing.load(store, MasterKey.from_base64(MASTER_KEY), FakeClock(NOON))
    to_send = await request_sign_in_pin(
        store, HASHER, OPERATOR.origin, connector_id=connector.id, number=number, rules=RULES, now=NOON
    )
    assert to_send is not None

    async def sign_in(on: Store) -> None:
        await sign_in_with_pin(
            issuing_on(on, ring),
            OPERATOR.origin,
            Client(connector.id, connector.secret),
            number=number,
            pin=to_send.pin,
            now=NOON,
        )

    for step in itertools.count(1):
        faulty = FaultyStore(store, fail_at=step)
        try:
            await sign_in(faulty)
        except InjectedFault:
            continue
        break
    assert step > 5


async def test_a_group_that_fails_half_way_is_not_there(store: Store) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    new_group = NewGroup(
        name="Sales", welcome_message="Hi", newcomers=Newcomers(numbers=("+12065557777",), admin_ids=(user.id,))
    )
    for step in itertools.count(1):
        faulty = FaultyStore(store, fail_at=step)
        try:
            async with faulty.write() as tx:
                await create_group(tx, OPERATOR, tenant.id, new_group, NOON)
        except InjectedFault:
            async with store.read() as read:
                assert await list_groups(read, tenant.id) == []
            continue
        break
    async with store.read() as read:
        (view,) = await list_groups(read, tenant.id)
    assert (view.group.level_users, view.group.level_unprovisioned) == (2, 2)
