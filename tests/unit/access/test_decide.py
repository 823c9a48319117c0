"""Every action, and everything that must hold for it: take one thing away and the answer is no, with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from tenantry.access.actions import EFFECTIVE_ROLES, PUBLIC, RULES, Action, GroupRole, Permission, RoleId
from tenantry.access.decide import decide, require
from tenantry.access.decision import Decision, Reason
from tenantry.access.doors import DOORS
from tenantry.core.caller import Audience, Caller, CallerKind, Origin, Reach, anonymous
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import AppOnlyRefused, Forbidden, MfaRequired, NotFound
from tenantry.core.ids import (
    ConnectorId,
    CorrelationId,
    EnterpriseId,
    GrantId,
    GroupId,
    RelationshipId,
    TenantId,
    UserId,
    new_guid,
)
from tenantry.delegation.relationships import create_reseller_relationship, end_relationship
from tenantry.directory.roles import assign_role, list_role_assignments, remove_role
from tenantry.directory.tenants import delete_tenant
from tenantry.store.devices import enterprises
from tenantry.store.devices.enterprises import Enterprise
from tenantry.store.engine.interface import Store
from tests.support.builders import OPERATOR, SomeTenant, a_relationship, a_service_account, a_tenant, a_user, as_user
from tests.support.clock import NOON

KAIZALA = list(DOORS[Audience.KAIZALA].opens)
PARTNER_CENTER = [
    action
    for action in DOORS[Audience.PARTNER_CENTER].opens
    if RULES[action].roles and action is not Action.CHANGE_ADMINISTRATOR
]
"""What the roles that the tests give out suffice for."""
ANDROID = list(DOORS[Audience.ANDROID_ENTERPRISE].opens)
DOOR_OF = {
    **dict.fromkeys(KAIZALA, Audience.KAIZALA),
    **dict.fromkeys(DOORS[Audience.PARTNER_CENTER].opens, Audience.PARTNER_CENTER),
    **dict.fromkeys(ANDROID, Audience.ANDROID_ENTERPRISE),
}
"""The door that serves an action to apps."""
WIRE = list(DOOR_OF)
NEED_GROUP = [action for action in KAIZALA if RULES[action].group_role is not None]
GRANTED = {Reason.GRANTED}


@dataclass(frozen=True)
class World:
    """A customer with a user, a parent group, a child group and one aside; a partner; an enterprise of the customer.

    In the partner the user administers everything.
    """

    store: Store
    customer: SomeTenant
    partner: SomeTenant
    user: UserId
    parent: GroupId
    child: GroupId
    aside: GroupId
    enterprise: EnterpriseId

    async def ask(self, caller: Caller, action: Action, tenant_id: TenantId | None = None, **of: object) -> Decision:
        """An app comes through the door that serves the action, unless another is said."""
        if caller.connector_id is not None and caller.audience is None:
            caller = replace(caller, audience=DOOR_OF.get(action))
        async with self.store.read() as read:
            return await decide(read, caller, action, tenant_id or self.customer.id, **{"now": NOON, **of})  # type: ignore[arg-type]

    async def reasons(self, caller: Caller, actions: Iterable[Action], **of: Any) -> set[Reason]:
        """Every reason that any of the actions gets."""
        return {(await self.ask(caller, action, **of)).reason for action in actions}

    async def be(self, group_id: GroupId, role: GroupRole) -> None:
        async with self.store.write() as tx:
            await tx.run(
                """
                INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at)
                VALUES (:tenant_id, :group_id, :user_id, :role, 0)
                ON CONFLICT (tenant_id, group_id, user_id) DO UPDATE SET role = excluded.role
                """,
                tenant_id=self.customer.id,
                group_id=group_id,
                user_id=self.user,
                role=role,
            )

    def caller(self, tenant_id: TenantId | None = None, **other: object) -> Caller:
        """A user with everything a token can prove."""
        whole = Caller(
            CallerKind.USER,
            Origin(CorrelationId("test"), ""),
            tenant_id=tenant_id or self.customer.id,
            user_id=self.user,
            connector_id=ConnectorId(new_guid()),
            grant_id=GrantId(new_guid()),
            permissions=frozenset(Permission),
            reach=Reach.USER,
            amr=frozenset({"pwd", "mfa"}),
        )
        return replace(whole, **other)


@pytest.fixture
async def world(store: Store) -> World:
    customer, partner = await a_tenant(store), await a_tenant(store)
    user = UserId(new_guid())
    parent, child, aside = (GroupId(new_guid()) for _ in range(3))
    enterprise = EnterpriseId("E1")
    async with store.write() as tx:
        for tenant_id in (customer.id, partner.id):
            await tx.run(
                """
                INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, created_at,
                                   updated_at)
                VALUES (:tenant_id, :id, 'ada@x.example', 'ada@x.example', 'member', 'Ada', 0, 0)
                """,
                tenant_id=tenant_id,
                id=user,
            )
        await assign_role(tx, OPERATOR, partner.id, user, RoleId.GLOBAL_ADMINISTRATOR, None, NOON)
        for group_id in (parent, child, aside):
            await tx.run(
                """
                INSERT INTO groups (tenant_id, id, name, welcome_message, group_type, created_at, updated_at)
                VALUES (:tenant_id, :id, 'G', '', 'group', 0, 0)
                """,
                tenant_id=customer.id,
                id=group_id,
            )
        for upper, lower in ((parent, child), (child, parent)):  # a ring must not hang the walk
            await tx.run(
                """
                INSERT INTO group_links (tenant_id, parent_id, child_id, created_at)
                VALUES (:tenant_id, :parent_id, :child_id, 0)
                """,
                tenant_id=customer.id,
                parent_id=upper,
                child_id=lower,
            )
        await tx.run(
            """
            INSERT INTO enterprises (id, tenant_id, emm_tenant_id, name, created_at)
            VALUES (:id, :tenant_id, :emm_tenant_id, 'E', 0)
            """,
            id=enterprise,
            tenant_id=customer.id,
            emm_tenant_id=partner.id,
        )
    return World(store, customer, partner, user, parent, child, aside, enterprise)


def test_every_action_is_either_public_or_has_a_rule() -> None:
    assert PUBLIC | set(RULES) == set(Action)
    assert not PUBLIC & set(RULES)


async def test_the_operator_may_and_who_proved_nothing_may_what_is_public(world: World) -> None:
    nobody = anonymous(Origin(CorrelationId("test"), ""))
    for action in Action:
        assert (await world.ask(OPERATOR, action)).allowed, action
        assert (await world.ask(nobody, action)).allowed == (action in PUBLIC), action


async def test_without_the_connectors_permission_nothing_else_helps(world: World) -> None:
    for action in WIRE:
        permission = DOORS[DOOR_OF[action]].opens[action]
        lacking = frozenset(str(word) for word in Permission if word is not permission)
        decision = await world.ask(world.caller(permissions=lacking), action, group_id=world.parent)
        assert decision.reason is Reason.PERMISSION_MISSING, action
        assert str(permission) in decision.facts[-1]


async def test_an_application_alone_is_refused_where_a_user_is_needed(world: World) -> None:
    alone = world.caller(kind=CallerKind.CONNECTOR, user_id=None)
    needing = [action for action in WIRE if action not in DOORS[DOOR_OF[action]].alone]
    assert set(needing) >= {*KAIZALA, *PARTNER_CENTER}
    assert await world.reasons(alone, needing) == {Reason.APP_ONLY}
    async with world.store.read() as read:
        with pytest.raises(AppOnlyRefused):
            await require(
                read, replace(alone, audience=Audience.PARTNER_CENTER), Action.CREATE_USER, world.customer.id, now=NOON
            )


async def test_one_factor_is_refused_where_two_are_needed(world: World) -> None:
    weak = world.caller(amr=frozenset({"pwd"}))
    assert await world.reasons(weak, PARTNER_CENTER) == {Reason.MFA_MISSING}
    async with world.store.read() as read:
        with pytest.raises(MfaRequired):
            await require(
                read, replace(weak, audience=Audience.PARTNER_CENTER), Action.CREATE_USER, world.customer.id, now=NOON
            )


async def test_whoever_holds_the_permission_may_ask_for_a_domain_an_application_alone_too(world: World) -> None:
    """But a user with one factor may not."""
    asking = [Action.FIND_DOMAIN]
    for caller in (world.caller(), world.caller(kind=CallerKind.CONNECTOR, user_id=None)):
        assert await world.reasons(caller, asking) == GRANTED
    assert await world.reasons(world.caller(amr=frozenset({"pwd"})), asking) == {Reason.MFA_MISSING}
    assert await world.reasons(world.caller(permissions=frozenset()), asking) == {Reason.PERMISSION_MISSING}


async def test_another_tenant_looks_absent(world: World) -> None:
    stranger = world.caller((await a_tenant(world.store)).id)
    for action in WIRE:
        for tenant_id in (world.customer.id, TenantId(new_guid())):
            through = replace(stranger, audience=DOOR_OF[action])
            async with world.store.read() as read:
                with pytest.raises(NotFound) as caught:
                    await require(read, through, action, tenant_id, group_id=world.parent, now=NOON)
            assert isinstance(caught.value.decision, Decision)
            assert tenant_id in caught.value.decision.facts[-1]
            assert tenant_id not in caught.value.public


# Kaizala


async def test_a_user_may_in_a_group_what_the_role_there_allows(world: World) -> None:
    rank = {None: 0, GroupRole.SUBSCRIBER: 1, GroupRole.MEMBER: 2, GroupRole.ADMIN: 3}
    for role in (None, *GroupRole):
        if role is not None:
            await world.be(world.parent, role)
        for action in NEED_GROUP:
            decision = await world.ask(world.caller(), action, group_id=world.parent)
            assert decision.allowed == (rank[role] >= rank[RULES[action].group_role]), (role, action)
            assert decision.reason in (Reason.GRANTED, Reason.GROUP_ROLE_MISSING)


async def test_a_tenant_grant_reaches_every_group_and_no_group_that_is_not_there(world: World) -> None:
    caller = world.caller(reach=Reach.TENANT)
    for group_id in (None, world.parent, world.aside):
        assert await world.reasons(caller, KAIZALA, group_id=group_id) == GRANTED
    assert await world.reasons(caller, KAIZALA, group_id=GroupId(new_guid())) == {Reason.GROUP_UNKNOWN}


async def test_a_group_grant_reaches_its_group_and_what_is_below(world: World) -> None:
    caller = world.caller(reach=Reach.GROUP, group_id=world.parent)
    assert await world.reasons(caller, NEED_GROUP, group_id=world.parent) == GRANTED
    assert await world.reasons(caller, NEED_GROUP, group_id=world.child) == GRANTED
    assert await world.reasons(caller, NEED_GROUP, group_id=world.aside) == {Reason.OUTSIDE_REACH}
    unbound = replace(caller, group_id=None)
    assert await world.reasons(unbound, NEED_GROUP, group_id=world.parent) == {Reason.OUTSIDE_REACH}
    async with world.store.read() as read:
        with pytest.raises(Forbidden):
            await require(
                read,
                replace(caller, audience=Audience.KAIZALA),
                Action.READ_GROUP,
                world.customer.id,
                group_id=world.aside,
                now=NOON,
            )


async def test_a_deleted_group_is_absent(world: World) -> None:
    await world.be(world.parent, GroupRole.ADMIN)
    async with world.store.write() as tx:
        await tx.run(
            "UPDATE groups SET deleted_at = 1 WHERE tenant_id = :tenant_id AND id = :id",
            tenant_id=world.customer.id,
            id=world.parent,
        )
    for caller in (world.caller(), world.caller(reach=Reach.TENANT)):
        assert await world.reasons(caller, NEED_GROUP, group_id=world.parent) == {Reason.GROUP_UNKNOWN}


# Partner Center


async def _relate(world: World, **options: Any) -> RelationshipId:
    return await a_relationship(world.store, world.partner, world.customer, reseller=False, **options)


async def _end(world: World, relationship_id: RelationshipId) -> None:
    async with world.store.write() as tx:
        await end_relationship(
            tx, OPERATOR, customer_tenant_id=world.customer.id, relationship_id=relationship_id, now=NOON
        )


async def test_a_partner_may_what_a_role_of_an_active_relationship_allows(world: World) -> None:
    for role in RoleId:
        relationship_id = await _relate(world, roles=[role])
        for action in PARTNER_CENTER:
            decision = await world.ask(world.caller(world.partner.id), action)
            assert decision.allowed == (role in RULES[action].roles), (role, action)
            assert decision.reason in (Reason.GRANTED, Reason.ROLE_MISSING)
        await _end(world, relationship_id)


async def test_a_partners_user_may_only_what_it_may_at_home(world: World) -> None:
    """A relationship lifts nobody: the role it gives counts for those who hold it, or every role, in the partner."""
    partner, caller = world.partner.id, world.caller(world.partner.id)
    await _relate(world, roles=[RoleId.USER_ADMINISTRATOR])

    async def reason(now: Micros = NOON) -> Reason:
        return (await world.ask(caller, Action.CREATE_USER, now=now)).reason

    assert await reason() is Reason.GRANTED
    async with world.store.write() as tx:
        await remove_role(tx, OPERATOR, partner, world.user, RoleId.GLOBAL_ADMINISTRATOR, NOON)
    assert await world.reasons(caller, PARTNER_CENTER) == {Reason.ROLE_MISSING}
    fact = (await world.ask(caller, Action.CREATE_USER)).facts[-1]
    assert "gives the partner user administrator" in fact
    assert "in the partner's own tenant the user holds no role" in fact
    for role in RoleId:
        async with world.store.write() as tx:
            await assign_role(tx, OPERATOR, partner, world.user, role, NOON + DAY, NOON)
        does = role in (RoleId.USER_ADMINISTRATOR, RoleId.GLOBAL_ADMINISTRATOR)
        assert (await reason() is Reason.GRANTED) == does, role
        assert await reason(NOON + DAY) is Reason.ROLE_MISSING
        async with world.store.write() as tx:
            await remove_role(tx, OPERATOR, partner, world.user, role, NOON)
    async with world.store.write() as tx:  # what the user is in the customer's directory is another account
        await assign_role(tx, OPERATOR, world.customer.id, world.user, RoleId.GLOBAL_ADMINISTRATOR, None, NOON)
    assert await reason() is Reason.ROLE_MISSING


async def test_a_relationship_counts_from_approval_to_its_end(world: World) -> None:
    caller = world.caller(world.partner.id)
    refused = {Reason.ROLE_MISSING}

    async def last_fact(now: Micros) -> str:
        return (await world.ask(caller, Action.CREATE_USER, now=now)).facts[-1]

    pending = await _relate(world, approved=False)
    assert await world.reasons(caller, PARTNER_CENTER) == refused
    assert f"relationship {pending} is approvalPending" in await last_fact(NOON)

    await _end(world, pending)
    active = await _relate(world, lifetime=DAY)
    end = NOON + DAY
    assert await world.reasons(caller, PARTNER_CENTER, now=end - 1) == GRANTED
    assert await world.reasons(caller, PARTNER_CENTER, now=end) == refused
    assert f"relationship {active} expired 2026-01-02T12:00:00Z" in await last_fact(end)
    async with world.store.read() as read:
        with pytest.raises(Forbidden):
            await require(read, caller, Action.CREATE_USER, world.customer.id, now=end)

    await _end(world, active)
    assert await world.reasons(caller, PARTNER_CENTER) == refused
    assert f"relationship {active} ended 2026-01-01T12:00:00Z" in await last_fact(NOON)


async def test_a_reseller_without_a_role_is_known_and_refused(world: World) -> None:
    async with world.store.write() as tx:
        await create_reseller_relationship(
            tx, OPERATOR, customer_tenant_id=world.customer.id, partner_tenant_id=world.partner.id, now=NOON
        )
    caller = world.caller(world.partner.id)
    assert await world.reasons(caller, PARTNER_CENTER) == {Reason.ROLE_MISSING}
    assert "no delegated relationship exists" in (await world.ask(caller, Action.CREATE_USER)).facts[-1]


async def test_a_deleted_customer_is_absent_whatever_the_relationship(world: World) -> None:
    await _relate(world)
    async with world.store.write() as tx:
        await delete_tenant(tx, OPERATOR, world.customer.id, NOON)
    assert await world.reasons(world.caller(world.partner.id), PARTNER_CENTER) == {Reason.NO_RELATION}


async def test_in_the_own_tenant_the_directory_role_counts_while_it_lasts(world: World) -> None:
    caller, admin, missing = world.caller(), RoleId.GLOBAL_ADMINISTRATOR, {Reason.ROLE_MISSING}
    assert await world.reasons(caller, PARTNER_CENTER) == missing
    async with world.store.write() as tx:
        await assign_role(tx, OPERATOR, world.customer.id, world.user, admin, NOON + DAY, NOON)
    assert await world.reasons(caller, PARTNER_CENTER) == GRANTED
    assert await world.reasons(caller, PARTNER_CENTER, now=NOON + DAY) == missing
    async with world.store.write() as tx:
        await assign_role(tx, OPERATOR, world.customer.id, world.user, admin, None, NOON)
        held = await list_role_assignments(tx, OPERATOR, world.customer.id, world.user, NOON)
    assert [(assignment.role_id, assignment.expires_at) for assignment in held] == [(admin, None)]
    assert await world.reasons(caller, PARTNER_CENTER, now=NOON + DAY) == GRANTED
    async with world.store.write() as tx:
        await remove_role(tx, OPERATOR, world.customer.id, world.user, admin, NOON)
        with pytest.raises(NotFound):
            await remove_role(tx, OPERATOR, world.customer.id, world.user, admin, NOON)
        with pytest.raises(NotFound):
            await assign_role(tx, OPERATOR, TenantId(new_guid()), world.user, admin, None, NOON)
    assert await world.reasons(caller, PARTNER_CENTER) == missing


# Play EMM


async def _enterprise_of(world: World) -> Enterprise:
    async with world.store.read() as read:
        found = await enterprises.find(read, world.enterprise)
    assert found is not None
    return found


async def test_an_enterprise_obeys_its_service_account_and_its_emm(world: World) -> None:
    absent = {Reason.ENTERPRISE_UNKNOWN}
    emm = world.caller(world.partner.id, kind=CallerKind.SERVICE_ACCOUNT, user_id=None)
    assert await world.reasons(emm, ANDROID) == GRANTED
    enrolled = await _enterprise_of(world)
    assert await world.reasons(emm, ANDROID, enterprise=enrolled) == GRANTED
    assert await world.reasons(emm, ANDROID, enterprise=enrolled._replace(emm_tenant_id=world.customer.id)) == absent
    assert await world.reasons(emm, ANDROID, enterprise=enrolled._replace(tenant_id=world.partner.id)) == absent
    nobodys = world.caller(
        kind=CallerKind.SERVICE_ACCOUNT, user_id=None, connector_id=None, audience=Audience.ANDROID_ENTERPRISE
    )
    assert enrolled.service_account_id is None
    assert await world.reasons(nobodys, ANDROID, enterprise=enrolled) == absent
    account = await a_service_account(world.store, world.customer)
    bound = world.caller(kind=CallerKind.SERVICE_ACCOUNT, user_id=None, connector_id=account.id)
    assert await world.reasons(bound, ANDROID) == absent
    async with world.store.write() as tx:
        await tx.run(
            "UPDATE enterprises SET service_account_id = :account WHERE id = :id",
            id=world.enterprise,
            account=account.id,
        )
    assert await world.reasons(bound, ANDROID, enterprise=enrolled) == absent
    assert await world.reasons(bound, ANDROID, enterprise=await _enterprise_of(world)) == GRANTED
    assert await world.reasons(world.caller(), ANDROID) == absent
    async with world.store.write() as tx:
        await tx.run("UPDATE enterprises SET unenrolled_at = 1 WHERE id = :id", id=world.enterprise)
    assert await world.reasons(emm, ANDROID) == absent


async def test_every_role_that_is_offered_lets_its_holder_do_something_and_no_other_is(world: World) -> None:
    for role in RoleId:
        user = await a_user(world.store, world.customer, roles=[role])
        nobody = await a_user(world.store, world.customer)
        opened = set()
        for action in RULES:
            may = (await world.ask(as_user(user), action)).allowed
            opened |= {action} if may and not (await world.ask(as_user(nobody), action)).allowed else set()
        assert bool(opened - {Action.ACT_IN_CUSTOMER}) == (role in EFFECTIVE_ROLES), role
