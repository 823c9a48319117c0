"""A user who is signed in to the portal: no connector stands between, so the user's own rights decide."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tenantry.access.actions import RULES, Action, GroupRole, Permission, RoleId
from tenantry.access.decide import decide
from tenantry.access.decision import Decision, Reason
from tenantry.access.doors import DOORS
from tenantry.core.caller import Audience, Caller, Origin, in_person
from tenantry.core.ids import ConnectorId, CorrelationId, GroupId, TenantId, UserId, new_guid
from tenantry.store.engine.interface import Store
from tests.support.builders import a_group, a_relationship, a_tenant, a_user
from tests.support.clock import NOON

SERVED_TO_APPS = {action for door in DOORS for action in DOORS[door].opens if door is not Audience.PORTAL}
PORTAL_ONLY = [action for action in RULES if action not in SERVED_TO_APPS]
FOR_EVERY_USER = [action for action in PORTAL_ONLY if not RULES[action].roles]
FOR_SOME = [action for action in PORTAL_ONLY if RULES[action].roles]


def someone(tenant_id: TenantId, user_id: UserId, *amr: str) -> Caller:
    origin = Origin(CorrelationId("test"), "")
    return in_person(origin, tenant_id=tenant_id, user_id=user_id, amr=amr or ("pwd",))


async def ask(
    store: Store,
    caller: Caller,
    action: Action,
    tenant_id: TenantId,
    *,
    group_id: GroupId | None = None,
    owner_id: UserId | None = None,
) -> Decision:
    async with store.read() as read:
        return await decide(read, caller, action, tenant_id, group_id=group_id, owner_id=owner_id, now=NOON)


@pytest.mark.parametrize("door", [*(door for door in Audience if door is not Audience.PORTAL), None])
@pytest.mark.parametrize("action", PORTAL_ONLY)
async def test_a_connector_does_nothing_that_is_done_in_the_portal_only(
    store: Store, action: Action, door: Audience | None
) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    caller = replace(
        someone(tenant.id, user.id),
        connector_id=ConnectorId(new_guid()),
        audience=door,
        permissions=frozenset(Permission),
    )
    assert (await ask(store, caller, action, tenant.id)).reason is Reason.PERMISSION_MISSING


@pytest.mark.parametrize("action", FOR_EVERY_USER)
async def test_every_user_of_the_tenant_may_what_asks_for_no_role(store: Store, action: Action) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    assert (await ask(store, someone(tenant.id, user.id), action, tenant.id)).allowed


@pytest.mark.parametrize("action", FOR_SOME)
async def test_owners_and_those_who_hold_the_role_may_and_others_not(store: Store, action: Action) -> None:
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    administrator = await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    caller = someone(tenant.id, user.id)
    assert (await ask(store, caller, action, tenant.id)).reason is Reason.ROLE_MISSING
    assert (await ask(store, replace(caller, user_id=None), action, tenant.id)).reason is Reason.APP_ONLY
    assert (await ask(store, caller, action, tenant.id, owner_id=administrator.id)).reason is Reason.ROLE_MISSING
    assert (await ask(store, caller, action, tenant.id, owner_id=user.id)).allowed
    assert (await ask(store, someone(tenant.id, administrator.id), action, tenant.id)).allowed


async def test_a_groups_admin_may_grant_the_group_and_a_member_may_not(store: Store) -> None:
    tenant = await a_tenant(store)
    user, owner = await a_user(store, tenant), await a_user(store, tenant)
    group_id = await a_group(store, tenant, admins=[owner], members=[user])
    action = Action.GRANT_CONNECTOR_GROUP
    assert RULES[action].group_role is GroupRole.ADMIN
    assert (await ask(store, someone(tenant.id, owner.id), action, tenant.id, group_id=group_id)).allowed
    denied = await ask(store, someone(tenant.id, user.id), action, tenant.id, group_id=group_id)
    assert denied.reason is Reason.ROLE_MISSING
    absent = await ask(store, someone(tenant.id, owner.id), action, tenant.id, group_id=GroupId(new_guid()))
    assert absent.reason is Reason.GROUP_UNKNOWN


@pytest.mark.parametrize("action", list(RULES))
async def test_another_tenant_looks_absent_even_to_an_owner(store: Store, action: Action) -> None:
    tenant, stranger = await a_tenant(store), await a_tenant(store)
    user = await a_user(store, stranger)
    caller = someone(stranger.id, user.id, "pwd", "mfa")
    assert (await ask(store, caller, action, tenant.id, owner_id=user.id)).reason is Reason.NO_RELATION


async def test_a_partners_user_needs_a_second_factor_and_a_role_of_the_relationship(store: Store) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    user = await a_user(store, partner, roles=[RoleId.USER_ADMINISTRATOR])
    await a_relationship(store, partner, customer, roles=[RoleId.USER_ADMINISTRATOR])
    weak, strong = someone(partner.id, user.id), someone(partner.id, user.id, "pwd", "mfa")
    assert (await ask(store, weak, Action.CREATE_USER, customer.id)).reason is Reason.MFA_MISSING
    assert (await ask(store, strong, Action.CREATE_USER, customer.id)).allowed
    assert (await ask(store, strong, Action.CHANGE_CONNECTOR, customer.id)).reason is Reason.ROLE_MISSING


async def test_a_partners_groups_administrator_works_on_the_customers_groups_and_on_no_others(store: Store) -> None:
    customer, partner = await a_tenant(store), await a_tenant(store)
    user = await a_user(store, partner, roles=[RoleId.GROUPS_ADMINISTRATOR])
    await a_relationship(store, partner, customer, roles=[RoleId.GROUPS_ADMINISTRATOR])
    group_id = await a_group(store, customer, admins=[await a_user(store, customer)])
    caller, action = someone(partner.id, user.id, "pwd", "mfa"), Action.ADD_GROUP_MEMBERS
    assert (await ask(store, caller, action, customer.id, group_id=group_id)).allowed
    absent = await ask(store, caller, action, customer.id, group_id=GroupId(new_guid()))
    assert absent.reason is Reason.GROUP_UNKNOWN


@pytest.mark.parametrize("action", [Action.READ_GROUP, Action.LIST_GROUP_MEMBERS, Action.READ_MANAGED_ACCOUNT])
async def test_a_global_reader_sees_groups_and_devices(store: Store, action: Action) -> None:
    tenant = await a_tenant(store)
    reader = await a_user(store, tenant, roles=[RoleId.GLOBAL_READER])
    group_id = await a_group(store, tenant, admins=[await a_user(store, tenant)])
    seen = GroupId(group_id) if action is not Action.READ_MANAGED_ACCOUNT else None
    assert (await ask(store, someone(tenant.id, reader.id), action, tenant.id, group_id=seen)).allowed
    for change in (Action.ADD_GROUP_MEMBERS, Action.UPDATE_GROUP):
        assert not (await ask(store, someone(tenant.id, reader.id), change, tenant.id, group_id=group_id)).allowed
    assert not (await ask(store, someone(tenant.id, reader.id), Action.GENERATE_DEVICE_TOKEN, tenant.id)).allowed
