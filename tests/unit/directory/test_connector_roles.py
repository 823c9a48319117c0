"""Roles that an app holds itself: who gives them, what they are good for, and what ends them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tenantry.access.actions import Action, Permission, RoleId
from tenantry.access.decide import decide
from tenantry.access.decision import Decision, Reason
from tenantry.access.doors import DOORS, Door
from tenantry.connectors.connectors import activate_connector, deactivate_connector, delete_connector
from tenantry.core.caller import Audience, Caller, CallerKind
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import Forbidden, InvalidValue, NotFound
from tenantry.core.ids import TenantId
from tenantry.directory.connector_roles import (
    give_connector_role,
    list_connector_roles,
    list_role_holders,
    take_connector_role,
)
from tenantry.store.engine.interface import Store
from tests.support.builders import (
    OPERATOR,
    SomeConnector,
    SomeTenant,
    a_connector,
    a_relationship,
    a_tenant,
    a_user,
    as_user,
)
from tests.support.clock import NOON
from tests.support.trail import types_of

READS = RoleId.DIRECTORY_READERS


@pytest.fixture(autouse=True)
def a_door_for_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A door of the kind that directory synchronisation will be: an app may do alone what it opens."""
    opened = dict.fromkeys((Action.LIST_USERS, Action.CREATE_USER, Action.READ_AUDIT), Permission.PARTNER_CENTER)
    doors = {**DOORS, Audience.DIRECTORY_GRAPH: Door(opened, alone=frozenset(opened))}
    monkeypatch.setattr("tenantry.access.doors.DOORS", doors)


def alone(app: SomeConnector) -> Caller:
    return Caller(
        CallerKind.CONNECTOR,
        OPERATOR.origin,
        Audience.DIRECTORY_GRAPH,
        tenant_id=app.tenant_id,
        connector_id=app.id,
        permissions=frozenset({Permission.PARTNER_CENTER}),
    )


async def asked(
    store: Store, caller: Caller, tenant_id: TenantId, action: Action = Action.LIST_USERS, now: Micros = NOON
) -> Decision:
    async with store.read() as read:
        return await decide(read, caller, action, tenant_id, now=now)


async def give(
    store: Store, app: SomeConnector, role: RoleId = READS, caller: Caller = OPERATOR, ends: Micros | None = None
) -> None:
    async with store.write() as tx:
        await give_connector_role(tx, caller, app.tenant_id, app.id, role, ends, NOON)


async def test_an_app_alone_may_what_its_roles_allow_until_they_end_and_its_twin_may_not(store: Store) -> None:
    tenant = await a_tenant(store)
    app, twin = await a_connector(store, tenant), await a_connector(store, tenant)
    assert (await asked(store, alone(app), tenant.id)).reason is Reason.ROLE_MISSING
    await give(store, app, ends=NOON + DAY)
    allowed = await asked(store, alone(app), tenant.id)
    assert allowed.allowed
    assert allowed.facts[-1] == "the application holds the directory role directory readers"
    assert (await asked(store, alone(app), tenant.id, Action.CREATE_USER)).reason is Reason.ROLE_MISSING
    assert (await asked(store, alone(twin), tenant.id)).reason is Reason.ROLE_MISSING
    assert (await asked(store, alone(app), tenant.id, now=NOON + DAY)).reason is Reason.ROLE_MISSING
    await give(store, app)
    assert (await asked(store, alone(app), tenant.id, now=NOON + DAY)).allowed
    async with store.write() as tx:
        await take_connector_role(tx, OPERATOR, tenant.id, app.id, READS, NOON)
    assert (await asked(store, alone(app), tenant.id)).reason is Reason.ROLE_MISSING
    assert (await types_of(store, tenant.id))[-3:] == [
        "connector.role_given",
        "connector.role_given",
        "connector.role_taken",
    ]


async def test_an_app_in_a_users_name_acts_in_the_users_roles_alone(store: Store) -> None:
    tenant = await a_tenant(store)
    app, user = await a_connector(store, tenant), await a_user(store, tenant)
    await give(store, app, RoleId.GLOBAL_ADMINISTRATOR)
    in_a_name = replace(alone(app), kind=CallerKind.USER, user_id=user.id)
    assert (await asked(store, in_a_name, tenant.id)).reason is Reason.ROLE_MISSING


async def test_a_partners_app_needs_the_role_at_home_and_from_the_customer(store: Store) -> None:
    partner, customer = await a_tenant(store), await a_tenant(store)
    app = await a_connector(store, partner)
    await a_relationship(store, partner, customer, roles=[READS])
    assert (await asked(store, alone(app), customer.id)).reason is Reason.ROLE_MISSING
    await give(store, app)
    assert (await asked(store, alone(app), customer.id)).allowed
    assert (await asked(store, alone(app), customer.id, Action.READ_AUDIT)).reason is Reason.ROLE_MISSING


async def test_a_deactivated_app_keeps_its_roles_without_use_and_a_deleted_one_loses_them(store: Store) -> None:
    tenant = await a_tenant(store)
    app = await a_connector(store, tenant)
    await give(store, app)
    async with store.write() as tx:
        await deactivate_connector(tx, OPERATOR, tenant.id, app.id, NOON)
    assert (await asked(store, alone(app), tenant.id)).reason is Reason.ROLE_MISSING
    async with store.write() as tx:
        await activate_connector(tx, OPERATOR, tenant.id, app.id, NOON)
    assert (await asked(store, alone(app), tenant.id)).allowed
    async with store.write() as tx:
        await delete_connector(tx, OPERATOR, tenant.id, app.id, NOON)
        assert await tx.all(str, "SELECT role_id FROM connector_roles WHERE tenant_id = :id", id=tenant.id) == []


async def test_giving_and_taking_is_for_who_gives_roles_to_people(store: Store) -> None:
    tenant, elsewhere = await a_tenant(store), await a_tenant(store)
    app, foreign = await a_connector(store, tenant), await a_connector(store, elsewhere)
    giver = as_user(await a_user(store, tenant, roles=[RoleId.PRIVILEGED_ROLE_ADMINISTRATOR]))
    member = as_user(await a_user(store, tenant, roles=[RoleId.USER_ADMINISTRATOR]))
    await give(store, app, caller=giver)
    for caller in (member, alone(app)):
        with pytest.raises(Forbidden):
            await give(store, app, caller=caller)
        async with store.write() as tx:
            with pytest.raises(Forbidden):
                await take_connector_role(tx, caller, tenant.id, app.id, READS, NOON)
    with pytest.raises(NotFound):
        await give(store, dataclass_of(foreign, tenant), caller=giver)
    public = await a_connector(store, tenant, kind="public")
    with pytest.raises(NotFound):
        await give(store, public, caller=giver)
    with pytest.raises(InvalidValue):
        await give(store, app, caller=giver, ends=NOON)
    async with store.read() as read:
        [held] = await list_connector_roles(read, giver, tenant.id, app.id, NOON)
        assert [held.role_id, held.expires_at] == [READS, None]
        assert [one.id for one in await list_role_holders(read, member, tenant.id, READS, NOON, 10)] == [app.id]
        with pytest.raises(NotFound):
            await list_connector_roles(read, as_user(await a_user(store, elsewhere)), tenant.id, app.id, NOON)


def dataclass_of(foreign: SomeConnector, tenant: SomeTenant) -> SomeConnector:
    """Another tenant's app, named in this one."""
    return SomeConnector(foreign.id, tenant.id, foreign.secret)


async def test_a_role_taken_from_one_app_is_left_to_the_other_that_holds_it(store: Store) -> None:
    tenant = await a_tenant(store)
    app, twin = await a_connector(store, tenant), await a_connector(store, tenant)
    await give(store, app)
    await give(store, twin)
    async with store.write() as tx:
        await take_connector_role(tx, OPERATOR, tenant.id, app.id, READS, NOON)
    assert not (await asked(store, alone(app), tenant.id)).allowed
    assert (await asked(store, alone(twin), tenant.id)).allowed
