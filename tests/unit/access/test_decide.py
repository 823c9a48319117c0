"""Every action, and everything that must hold for it: take one thing away and the answer is no, with its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from tenantry.access.actions import PUBLIC, RULES, Action, Audience, GroupRole, Permission, RoleId
from tenantry.access.decide import decide, require
from tenantry.access.decision import Decision, Reason
from tenantry.core.caller import Caller, CallerKind, Origin, Reach, anonymous
from tenantry.core.clock import DAY
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
from tenantry.directory.roles import assign_role, list_roles, remove_role
from tenantry.directory.tenants import delete_tenant
from tenantry.store.engine import Store
from tests.support.builders_tenants import NOON, a_relationship, a_tenant, an_operator

KAIZALA = [action for action, rule in RULES.items() if rule.audience is Audience.KAIZALA]
PARTNER_CENTER = [action for action, rule in RULES.items() if rule.audience is Audience.PARTNER_CENTER]
ANDROID = [action for action, rule in RULES.items() if rule.audience is Audience.ANDROID_ENTERPRISE]
WIRE = [action for action, rule in RULES.items() if rule.permission is not None]
NEED_GROUP = [action for action in KAIZALA if RULES[action].group_role is not None]


@dataclass(frozen=True)
class World:
    """A customer with a user, a parent group, a child group and one aside; a partner; an enterprise of the customer."""

    store: Store
    customer: TenantId
    partner: TenantId
    user: UserId
    parent: GroupId
    child: GroupId
    aside: GroupId
    enterprise: EnterpriseId

    async def ask(self, caller: Caller, action: Action, tenant_id: TenantId | None = None, **of: object) -> Decision:
        async with self.store.read() as read:
            return await decide(read, caller, action, tenant_id or self.customer, **{"now": NOON, **of})  # type: ignore[arg-type]

    async def be(self, group_id: GroupId, role: GroupRole) -> None:
        async with self.store.write() as tx:
            await tx.run(
                """
                INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at)
                VALUES (:tenant_id, :group_id, :user_id, :role, 0)
                ON CONFLICT (tenant_id, group_id, user_id) DO UPDATE SET role = excluded.role
                """,
                tenant_id=self.customer,
                group_id=group_id,
                user_id=self.user,
                role=role,
            )

    def caller(self, tenant_id: TenantId | None = None, **other: object) -> Caller:
        """A user with everything a token can prove."""
        whole = Caller(
            CallerKind.USER,
            Origin(CorrelationId("test"), ""),
            tenant_id=tenant_id or self.customer,
            user_id=self.user,
            connector_id=ConnectorId(new_guid()),
            grant_id=GrantId(new_guid()),
            permissions=frozenset(Permission),
            reach=Reach.USER,
            amr=frozenset({"pwd", "mfa"}),
        )
        return replace(whole, **other)  # type: ignore[arg-type]


@pytest.fixture
async def world(store: Store) -> World:
    customer, partner = await a_tenant(store), await a_tenant(store)
    user = UserId(new_guid())
    parent, child, aside = (GroupId(new_guid()) for _ in range(3))
    enterprise = EnterpriseId("E1")
    async with store.write() as tx:
        await tx.run(
            """
            INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, created_at,
                               updated_at)
            VALUES (:tenant_id, :id, 'ada@x.example', 'ada@x.example', 'member', 'Ada', 0, 0)
            """,
            tenant_id=customer,
            id=user,
        )
        for group_id in (parent, child, aside):
            await tx.run(
                """
                INSERT INTO groups (tenant_id, id, name, welcome_message, group_type, created_at, updated_at)
                VALUES (:tenant_id, :id, 'G', '', 'group', 0, 0)
                """,
                tenant_id=customer,
                id=group_id,
            )
        for upper, lower in ((parent, child), (child, parent)):  # a ring must not hang the walk
            await tx.run(
                """
                INSERT INTO group_links (tenant_id, parent_id, child_id, created_at)
                VALUES (:tenant_id, :parent_id, :child_id, 0)
                """,
                tenant_id=customer,
                parent_id=upper,
                child_id=lower,
            )
        await tx.run(
            """
            INSERT INTO enterprises (id, tenant_id, emm_tenant_id, name, created_at)
            VALUES (:id, :tenant_id, :emm_tenant_id, 'E', 0)
            """,
            id=enterprise,
            tenant_id=customer,
            emm_tenant_id=partner,
        )
    return World(store, customer, partner, user, parent, child, aside, enterprise)


def test_every_action_is_either_public_or_has_a_rule() -> None:
    assert PUBLIC | set(RULES) == set(Action)
    assert not PUBLIC & set(RULES)


@pytest.mark.parametrize("action", list(Action))
async def test_the_operator_may_and_who_proved_nothing_may_what_is_public(world: World, action: Action) -> None:
    assert (await world.ask(an_operator(), action)).allowed
    nobody = await world.ask(anonymous(Origin(CorrelationId("test"), "")), action)
    assert nobody.allowed == (action in PUBLIC)


@pytest.mark.parametrize("action", WIRE)
async def test_without_the_connectors_permission_nothing_else_helps(world: World, action: Action) -> None:
    lacking = frozenset(Permission) - {RULES[action].permission}
    decision = await world.ask(world.caller(permissions=lacking), action, group_id=world.parent)
    assert decision.reason is Reason.PERMISSION_MISSING
    assert str(RULES[action].permission) in decision.facts[-1]


@pytest.mark.parametrize("action", [action for action, rule in RULES.items() if rule.needs_user])
async def test_an_application_alone_is_refused_where_a_user_is_needed(world: World, action: Action) -> None:
    alone = world.caller(kind=CallerKind.CONNECTOR, user_id=None)
    assert (await world.ask(alone, action)).reason is Reason.APP_ONLY
    async with world.store.read() as read:
        with pytest.raises(AppOnlyRefused):
            await require(read, alone, action, world.customer, now=NOON)


@pytest.mark.parametrize("action", [action for action, rule in RULES.items() if rule.needs_mfa])
async def test_one_factor_is_refused_where_two_are_needed(world: World, action: Action) -> None:
    weak = world.caller(amr=frozenset({"pwd"}))
    assert (await world.ask(weak, action)).reason is Reason.MFA_MISSING
    async with world.store.read() as read:
        with pytest.raises(MfaRequired):
            await require(read, weak, action, world.customer, now=NOON)


@pytest.mark.parametrize("action", WIRE)
async def test_another_tenant_looks_absent(world: World, action: Action) -> None:
    stranger = await a_tenant(world.store)
    for tenant_id in (world.customer, TenantId(new_guid())):
        async with world.store.read() as read:
            with pytest.raises(NotFound) as caught:
                await require(read, world.caller(stranger), action, tenant_id, group_id=world.parent, now=NOON)
        assert isinstance(caught.value.decision, Decision)
        assert tenant_id in caught.value.decision.facts[-1]
        assert tenant_id not in caught.value.public


# Kaizala


@pytest.mark.parametrize("action", NEED_GROUP)
@pytest.mark.parametrize("role", [None, *GroupRole])
async def test_a_user_may_in_a_group_what_the_role_there_allows(
    world: World, action: Action, role: GroupRole | None
) -> None:
    if role is not None:
        await world.be(world.parent, role)
    rank = {None: 0, GroupRole.SUBSCRIBER: 1, GroupRole.MEMBER: 2, GroupRole.ADMIN: 3}
    decision = await world.ask(world.caller(), action, group_id=world.parent)
    assert decision.allowed == (rank[role] >= rank[RULES[action].group_role])
    assert decision.reason in (Reason.GRANTED, Reason.GROUP_ROLE_MISSING)


@pytest.mark.parametrize("action", KAIZALA)
async def test_a_tenant_grant_reaches_every_group_and_no_group_that_is_not_there(world: World, action: Action) -> None:
    caller = world.caller(reach=Reach.TENANT)
    for group_id in (None, world.parent, world.aside):
        assert (await world.ask(caller, action, group_id=group_id)).allowed
    missing = await world.ask(caller, action, group_id=GroupId(new_guid()))
    assert missing.reason is Reason.GROUP_UNKNOWN


@pytest.mark.parametrize("action", NEED_GROUP)
async def test_a_group_grant_reaches_its_group_and_what_is_below(world: World, action: Action) -> None:
    caller = world.caller(reach=Reach.GROUP, group_id=world.parent)
    assert (await world.ask(caller, action, group_id=world.parent)).allowed
    assert (await world.ask(caller, action, group_id=world.child)).allowed
    outside = await world.ask(caller, action, group_id=world.aside)
    assert outside.reason is Reason.OUTSIDE_REACH
    async with world.store.read() as read:
        with pytest.raises(Forbidden):
            await require(read, caller, action, world.customer, group_id=world.aside, now=NOON)
    assert not (await world.ask(replace(caller, group_id=None), action, group_id=world.parent)).allowed


async def test_a_deleted_group_is_absent(world: World) -> None:
    await world.be(world.parent, GroupRole.ADMIN)
    async with world.store.write() as tx:
        await tx.run(
            "UPDATE groups SET deleted_at = 1 WHERE tenant_id = :tenant_id AND id = :id",
            tenant_id=world.customer,
            id=world.parent,
        )
    decision = await world.ask(world.caller(), Action.READ_GROUP, group_id=world.parent)
    assert decision.reason is Reason.GROUP_UNKNOWN


# Partner Center


@pytest.mark.parametrize("action", PARTNER_CENTER)
@pytest.mark.parametrize("role", list(RoleId))
async def test_a_partner_may_what_a_role_of_an_active_relationship_allows(
    world: World, action: Action, role: RoleId
) -> None:
    await a_relationship(
        world.store, customer_tenant_id=world.customer, partner_tenant_id=world.partner, role_ids=[role]
    )
    decision = await world.ask(world.caller(world.partner), action)
    assert decision.allowed == (role in RULES[action].roles)
    assert decision.reason in (Reason.GRANTED, Reason.ROLE_MISSING)


@pytest.mark.parametrize("action", PARTNER_CENTER)
async def test_a_relationship_counts_from_approval_to_its_end(world: World, action: Action) -> None:
    caller = world.caller(world.partner)
    pair = {"customer_tenant_id": world.customer, "partner_tenant_id": world.partner}
    pending = await a_relationship(world.store, **pair, approved=False)
    decision = await world.ask(caller, action)
    assert decision.reason is Reason.ROLE_MISSING
    assert f"relationship {pending} is approvalPending" in decision.facts[-1]

    active = await a_relationship(world.store, **pair, lasts=DAY)
    assert (await world.ask(caller, action, now=NOON + DAY - 1)).allowed
    decision = await world.ask(caller, action, now=NOON + DAY)
    assert f"relationship {active} expired 2026-01-02T12:00:00Z" in decision.facts[-1]
    async with world.store.read() as read:
        with pytest.raises(Forbidden):
            await require(read, caller, action, world.customer, now=NOON + DAY)

    await _end(world, active)
    decision = await world.ask(caller, action)
    assert decision.reason is Reason.ROLE_MISSING
    assert f"relationship {active} ended 2026-01-01T12:00:00Z" in decision.facts[-1]


async def _end(world: World, relationship_id: RelationshipId) -> None:
    async with world.store.write() as tx:
        await end_relationship(
            tx, an_operator(), customer_tenant_id=world.customer, relationship_id=relationship_id, now=NOON
        )


@pytest.mark.parametrize("action", PARTNER_CENTER)
async def test_a_reseller_without_a_role_is_known_and_refused(world: World, action: Action) -> None:
    async with world.store.write() as tx:
        await create_reseller_relationship(
            tx, an_operator(), customer_tenant_id=world.customer, partner_tenant_id=world.partner, now=NOON
        )
    decision = await world.ask(world.caller(world.partner), action)
    assert decision.reason is Reason.ROLE_MISSING
    assert "no delegated relationship exists" in decision.facts[-1]


@pytest.mark.parametrize("action", PARTNER_CENTER)
async def test_a_deleted_customer_is_absent_whatever_the_relationship(world: World, action: Action) -> None:
    await a_relationship(world.store, customer_tenant_id=world.customer, partner_tenant_id=world.partner)
    async with world.store.write() as tx:
        await delete_tenant(tx, an_operator(), world.customer, NOON)
    assert (await world.ask(world.caller(world.partner), action)).reason is Reason.NO_RELATION


@pytest.mark.parametrize("action", PARTNER_CENTER)
async def test_in_the_own_tenant_the_directory_role_counts_while_it_lasts(world: World, action: Action) -> None:
    caller = world.caller()
    assert (await world.ask(caller, action)).reason is Reason.ROLE_MISSING
    admin = RoleId.GLOBAL_ADMINISTRATOR
    async with world.store.write() as tx:
        await assign_role(tx, an_operator(), world.customer, world.user, admin, NOON + DAY, NOON)
    assert (await world.ask(caller, action)).allowed
    assert not (await world.ask(caller, action, now=NOON + DAY)).allowed
    async with world.store.write() as tx:
        await assign_role(tx, an_operator(), world.customer, world.user, admin, None, NOON)
        assert [assignment.expires_at for assignment in await list_roles(tx, world.customer, world.user, NOON)] == [
            None
        ]
    assert (await world.ask(caller, action, now=NOON + DAY)).allowed
    async with world.store.write() as tx:
        await remove_role(tx, an_operator(), world.customer, world.user, admin, NOON)
        with pytest.raises(NotFound):
            await remove_role(tx, an_operator(), world.customer, world.user, admin, NOON)
        with pytest.raises(NotFound):
            await assign_role(tx, an_operator(), world.partner, world.user, admin, None, NOON)
    assert not (await world.ask(caller, action)).allowed


# Play EMM


@pytest.mark.parametrize("action", ANDROID)
async def test_an_enterprise_obeys_its_service_account_and_its_emm(world: World, action: Action) -> None:
    emm = world.caller(world.partner, kind=CallerKind.SERVICE_ACCOUNT, user_id=None)
    assert (await world.ask(emm, action)).allowed
    assert (await world.ask(emm, action, enterprise_id=world.enterprise)).allowed
    assert (await world.ask(emm, action, enterprise_id=EnterpriseId("E2"))).reason is Reason.ENTERPRISE_UNKNOWN
    assert (await world.ask(world.caller(), action)).reason is Reason.ENTERPRISE_UNKNOWN
    async with world.store.write() as tx:
        await tx.run("UPDATE enterprises SET unenrolled_at = 1 WHERE id = :id", id=world.enterprise)
    assert (await world.ask(emm, action)).reason is Reason.ENTERPRISE_UNKNOWN
