"""What people with a role are shown of the organisation is counted right, and what denials say is the truth."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tenantry.access import overview as overviews
from tenantry.access.actions import Action, Permission, RoleId
from tenantry.access.blast_radius import relationship_radius
from tenantry.access.decide import require
from tenantry.access.decision import HIDDEN, Reason
from tenantry.access.doors import fault_at_door
from tenantry.access.trail import NAMED
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Audience
from tenantry.core.clock import HOUR
from tenantry.core.errors import NotFound
from tenantry.core.ids import GroupId, new_guid
from tenantry.delegation.relationship_views import look_at_customer
from tenantry.directory.tenants import disable_tenant
from tenantry.store.engine.interface import Store
from tests.support.builders import OPERATOR, a_relationship, a_tenant, a_user, as_user
from tests.support.clock import NOON

ADMINISTRATOR = [RoleId.GLOBAL_ADMINISTRATOR]


async def test_each_hour_counts_what_happened_in_it(store: Store) -> None:
    tenant = await a_tenant(store, now=NOON - 100 * HOUR)
    admin = as_user(await a_user(store, tenant, roles=ADMINISTRATOR, now=NOON - 100 * HOUR))
    event = events.SignInRefused(user_principal_name="ann@x.test", reason="unknown_user")
    async with store.write() as tx:
        for at in (NOON - HOUR, NOON - HOUR + 1, NOON):
            await record(tx, tenant.id, OPERATOR, event, at)
    async with store.read() as read:
        seen = await overviews.overview(read, admin, tenant.id, 10, NOON)
    assert [hour.refused for hour in seen.sign_ins] == [0] * (overviews.HOURS - 2) + [2, 1]
    assert {hour.done for hour in seen.sign_ins} == {0}
    assert {(hour.done, hour.refused) for hour in seen.tokens} == {(0, 0)}


def test_fields_whose_ids_have_names_are_fields_of_events() -> None:
    kinds = [kind for kind in vars(events).values() if hasattr(kind, "__struct_fields__")]
    assert set(NAMED) <= {name for kind in kinds for name in kind.__struct_fields__}


async def test_of_a_relationship_the_others_are_named_beside_it(store: Store) -> None:
    partner, customer = await a_tenant(store), await a_tenant(store)
    shown, other = [await a_relationship(store, partner, customer) for _ in range(2)]
    admin = as_user(await a_user(store, customer, roles=ADMINISTRATOR))
    async with store.read() as read:
        radius = await relationship_radius(read, admin, customer.id, shown, NOON)
    assert [each.id for each in radius.others] == [other]


async def test_a_customer_that_is_disabled_is_not_there_for_its_partner(store: Store) -> None:
    partner, customer = await a_tenant(store), await a_tenant(store)
    await a_relationship(store, partner, customer)
    admin = as_user(await a_user(store, partner, roles=ADMINISTRATOR))
    async with store.read() as read:
        assert (await look_at_customer(read, admin, partner.id, customer.id, NOON)).customer.id == customer.id
    async with store.write() as tx:
        await disable_tenant(tx, OPERATOR, customer.id, NOON)
    async with store.read() as read:
        with pytest.raises(NotFound) as refused:
            await look_at_customer(read, admin, partner.id, customer.id, NOON)
    assert refused.value.what == "tenant"


async def test_what_is_hidden_is_named_by_its_kind(store: Store) -> None:
    tenant = await a_tenant(store)
    admin = as_user(await a_user(store, tenant, roles=ADMINISTRATOR))
    async with store.read() as read:
        with pytest.raises(NotFound) as refused:
            await require(read, admin, Action.READ_GROUP, tenant.id, group_id=GroupId(new_guid()), now=NOON)
    assert refused.value.what == "group"
    assert {reason: HIDDEN[reason] for reason in HIDDEN} == {
        Reason.OTHER_TENANT: "tenant",
        Reason.NO_RELATION: "customer",
        Reason.GROUP_UNKNOWN: "group",
        Reason.ENTERPRISE_UNKNOWN: "enterprise",
    }


async def test_a_door_says_which_permissions_were_brought(store: Store) -> None:
    user = await a_user(store, await a_tenant(store))
    caller = replace(as_user(user), audience=Audience.KAIZALA, permissions=frozenset({Permission.PARTNER_CENTER}))
    fault = fault_at_door(caller, Action.READ_GROUP)
    assert fault is not None
    assert fault[0] is Reason.PERMISSION_MISSING
    assert fault[1].endswith("granted: partner_center")
