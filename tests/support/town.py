"""A town: tenants with a row of every table, each thing beside a twin, and a deleted and a disabled tenant among them.

A condition that somebody drops from a statement shows only where there is a row that it would have left out: another
user with the role, another key of the account, another tenant with the same. `tests/unit/test_town.py` asks the schema
that no table is empty, and that no tenant has less than two rows of any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from tenantry.access.actions import Permission, RoleId
from tenantry.audit.seals import MARGIN, seal_trail
from tenantry.connectors.secrets import add_secret
from tenantry.connectors.service_accounts import add_service_account_key
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, MINUTE, Micros
from tenantry.core.ids import GroupId, ManagedAccountId, RelationshipId, TenantId
from tenantry.directory.connector_roles import give_connector_role
from tenantry.directory.domains import begin_proof
from tenantry.directory.enrolment import make_enrolment_code
from tenantry.directory.invitations import NewInvitation, invite
from tenantry.directory.policies import Policies, Whom, change_policies
from tenantry.directory.sessions import NewSession
from tenantry.directory.sign_in_steps import NextStep
from tenantry.directory.tenants import add_domain, delete_tenant, disable_tenant
from tenantry.directory.user_files import read_users
from tenantry.directory.user_imports import begin_import
from tenantry.directory.user_properties import UserChanges
from tenantry.directory.users import update_user
from tenantry.outbox.changes import EventType, new_event_id
from tenantry.outbox.webhooks import send_test
from tenantry.store.engine.interface import Store
from tenantry.store.outbox import untold_changes
from tenantry.store.outbox.untold_changes import UntoldChange
from tenantry.store.sign_in import sessions
from tenantry.store.tokens import idempotency
from tenantry.tokens.authorization_codes import CodeTerms, issue_code
from tenantry.tokens.keys.signing_keys import ensure_signing_key
from tests.support.builders import (
    HASHER,
    KEY,
    OPERATOR,
    SomeConnector,
    SomeEnterprise,
    SomeGrant,
    SomeServiceAccount,
    SomeTenant,
    SomeUser,
    a_connector,
    a_device_token,
    a_grant,
    a_group,
    a_managed_account,
    a_relationship,
    a_service_account,
    a_session,
    a_tenant,
    a_user,
    a_webhook,
    add_factors,
    an_enterprise,
    as_user,
    begin_to_sign_in,
    federate,
    redeem,
)
from tests.support.clock import NOON

T = TypeVar("T")
Twins: TypeAlias = tuple[T, T]
"""Two of a kind that differ in nothing a rule asks for."""

ANDROID_IDS = ("00aa", "00bb")


@dataclass(frozen=True, slots=True)
class People:
    """Global administrators, and members without a role, all with a verified number."""

    admins: Twins[SomeUser]
    members: Twins[SomeUser]
    newcomers: Twins[SomeUser]
    """Without a second factor; each has a code to set one up with."""
    sessions: Twins[NewSession]
    """Of the members, each of whom is signed in in another browser, too."""
    under_way: Twins[NextStep]
    """Sign-ins of the members that wait for a new password."""
    providers: Twins[str]


@dataclass(frozen=True, slots=True)
class Apps:
    """What is registered, and what the members gave it."""

    connectors: Twins[SomeConnector]
    service_accounts: Twins[SomeServiceAccount]
    grants: Twins[SomeGrant]
    """Of the first member to the first connector and of the second to the second, for what the member may do."""
    group_grants: Twins[SomeGrant]
    """Of the first member to the first connector, one for each group."""
    codes: Twins[str]
    """Of the first member, for each connector."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The first member administers all of them, the second is a member; of a broadcasting one, a subscriber."""

    groups: Twins[GroupId]
    below: Twins[GroupId]
    broadcasts: Twins[GroupId]
    invitations: Twins[NewInvitation]
    """To the first group."""
    webhooks: Twins[str]


@dataclass(frozen=True, slots=True)
class Devices:
    """The tenant's own enterprises, each of an EMM of its own, with an account of two devices and two unused tokens."""

    enterprises: Twins[SomeEnterprise]
    accounts: Twins[ManagedAccountId]
    tokens: Twins[str]
    """Of the first account."""


@dataclass(frozen=True, slots=True)
class Relations:
    """Other organisations. The tenant is partner and EMM of its customers, and has partners that act in it."""

    partners: Twins[SomeTenant]
    customers: Twins[SomeTenant]
    given: Twins[RelationshipId]
    """To the partners."""
    held: Twins[RelationshipId]
    """By the tenant, from its customers."""
    agents: Twins[SomeUser]
    """Global administrators of the partners; each acts in the tenant, and has renamed the first newcomer."""
    managed: Twins[SomeEnterprise]
    """Of the customers."""


@dataclass(frozen=True, slots=True)
class Quarter:
    """A tenant and everything that a tenant can have."""

    tenant: SomeTenant
    people: People
    apps: Apps
    groups: Groups
    devices: Devices
    relations: Relations


@dataclass(frozen=True, slots=True)
class Town:
    """`home` is what a test asks about; nothing that happens there may be seen in the others."""

    home: Quarter
    neighbour: Quarter
    deleted: Quarter
    disabled: Quarter


async def a_town(store: Store, *, now: Micros = NOON) -> Town:
    """Takes some four hundred writes: tests ask for the fixture `town`, which makes one for all of them."""
    await ensure_signing_key(store, KEY, now)
    quarters = [await a_quarter(store, now=now) for _ in range(4)]
    town = Town(*quarters)
    async with store.write() as tx:
        await delete_tenant(tx, OPERATOR, town.deleted.tenant.id, now)
        await disable_tenant(tx, OPERATOR, town.disabled.tenant.id, now)
    return town


async def a_quarter(store: Store, *, now: Micros = NOON) -> Quarter:
    """A tenant with all of it. What is in the trail before now is sealed."""
    tenant = await a_tenant(store, now=now - DAY)
    await _seal_twice(store, tenant.id, now - DAY)
    roles = [RoleId.GLOBAL_ADMINISTRATOR]
    admins = [await a_user(store, tenant, phone=True, roles=roles, now=now) for _ in range(2)]
    members = [await a_user(store, tenant, phone=True, now=now) for _ in range(2)]
    return await furnish(store, tenant, _two(admins), _two(members), now=now)


async def furnish(
    store: Store, tenant: SomeTenant, admins: Twins[SomeUser], members: Twins[SomeUser], *, now: Micros = NOON
) -> Quarter:
    """Give the tenant the rest. The four are Global administrators and users without a role, with verified numbers."""
    people = await _people(store, tenant, admins, members, now)
    groups = await _groups(store, tenant, people, now)
    apps = await _apps(store, tenant, people, groups, now)
    devices = await _devices(store, tenant, now)
    relations = await _relations(store, tenant, people, now)
    async with store.write() as tx:
        for number in range(2):
            file = read_users(f"user_principal_name,display_name\nnew{number}@{tenant.domain},New\n".encode())
            await begin_import(tx, OPERATOR, tenant.id, file_name="people.csv", file=file, now=now)
            await begin_proof(tx, OPERATOR, tenant.id, f"waits{number}.{tenant.domain}.test", now)
            await add_domain(tx, OPERATOR, tenant_id=tenant.id, name=f"more{number}.{tenant.domain}", now=now)
            await idempotency.claim(tx, tenant.id, bytes([number]) * 32, now=now, expires_at=now + DAY)
    return Quarter(tenant, people, apps, groups, devices, relations)


async def _seal_twice(store: Store, tenant_id: TenantId, now: Micros) -> None:
    """Each seal covers what happened before it, so something happens between the two."""
    key = KEY.seal_keys()
    await seal_trail(store, key, tenant_id, now + MARGIN + 1)
    async with store.write() as tx:
        await add_domain(tx, OPERATOR, tenant_id=tenant_id, name=f"{tenant_id}.example", now=now + 2 * MINUTE)
    await seal_trail(store, key, tenant_id, now + 2 * MINUTE + MARGIN + 1)


async def _people(
    store: Store, tenant: SomeTenant, admins: Twins[SomeUser], members: Twins[SomeUser], now: Micros
) -> People:
    newcomers = [await a_user(store, tenant, now=now) for _ in range(2)]
    async with store.write() as tx:
        await change_policies(tx, OPERATOR, tenant.id, Policies(connector_registration=Whom.ADMINISTRATORS), now)
        for newcomer in newcomers:
            await make_enrolment_code(tx, HASHER, OPERATOR, tenant.id, newcomer.id, now)
        for admin in admins:
            await add_factors(tx, admin, now)
        providers = [await federate(tx, member, number, now) for number, member in enumerate(members)]
        for member in members:
            await a_session(tx, member, now)
        begun = [await begin_to_sign_in(tx, member, now) for member in members]
        # From before each provider had an address of its own: nothing adds to these any more.
        await tx.run(
            "INSERT INTO shared_callbacks (tenant_id, provider_id) VALUES (:tenant_id, :provider_id)",
            tenant_id=tenant.id,
            provider_id=providers[0],
        )
    found, under_way = zip(*begun, strict=True)
    return People(admins, members, _two(newcomers), _two(found), _two(under_way), _two(providers))


async def _groups(store: Store, tenant: SomeTenant, people: People, now: Micros) -> Groups:
    admin, member = people.members
    groups: list[tuple[GroupId, GroupId, GroupId]] = []
    webhooks: list[str] = []
    for _ in range(2):
        group = await a_group(store, tenant, admins=[admin], members=[member], now=now)
        below = await a_group(store, tenant, admins=[admin], parent_id=group, now=now)
        broadcast = await a_group(store, tenant, admins=[admin], subscribers=[member], now=now)
        groups.append((group, below, broadcast))
        webhooks.append(await a_webhook(store, tenant, group, "http://127.0.0.1:1/", now=now))
    async with store.write() as tx:
        for webhook in webhooks:
            await send_test(tx, OPERATOR, tenant.id, webhook, now)
            left = UntoldChange(new_event_id(now), EventType.MEMBER_REMOVED, member.id, "{}", now, "")
            await untold_changes.insert(tx, tenant.id, left)
        invitations = [await invite(tx, as_user(admin), HASHER, tenant.id, groups[0][0], DAY, now) for _ in range(2)]
    tops, sub_groups, broadcasts = [_two(kind) for kind in zip(*groups, strict=True)]
    return Groups(tops, sub_groups, broadcasts, _two(invitations), _two(webhooks))


async def _apps(store: Store, tenant: SomeTenant, people: People, groups: Groups, now: Micros) -> Apps:
    connectors = await a_connector(store, tenant, now=now), await a_connector(store, tenant, now=now)
    accounts = await a_service_account(store, tenant, now=now), await a_service_account(store, tenant, now=now)
    giver, connector = people.members[0], connectors[0]
    grants = [await a_grant(store, *pair, now=now) for pair in zip(connectors, people.members, strict=True)]
    group_grants = [
        await a_grant(store, connector, giver, reach=Reach.GROUP, group_id=group, now=now) for group in groups.groups
    ]
    codes: list[str] = []
    async with store.write() as tx:
        for connector in connectors:
            await add_secret(tx, OPERATOR, HASHER, tenant.id, connector.id, now=now)
            role = RoleId.DIRECTORY_READERS
            await give_connector_role(tx, OPERATOR, tenant.id, connector.id, role, None, now)
            code = await issue_code(
                tx,
                HASHER,
                as_user(giver),
                tenant_id=tenant.id,
                terms=CodeTerms(
                    connector_id=connector.id,
                    redirect_uri="https://app.test/callback",
                    permissions=[Permission.GROUP_INFORMATION],
                ),
                user_id=giver.id,
                amr=["pwd"],
                lifetime=MINUTE,
                now=now,
            )
            codes.append(code)
        for account in accounts:
            public_key = await tx.one_or_none(
                str,
                "SELECT public_key FROM service_account_keys WHERE connector_id = :id AND id = :key_id",
                id=account.id,
                key_id=account.key_id,
            )
            assert public_key is not None
            await add_service_account_key(tx, OPERATOR, tenant.id, account.id, "key-2", public_key, now)
    return Apps(connectors, accounts, _two(grants), _two(group_grants), _two(codes))


async def _devices(store: Store, tenant: SomeTenant, now: Micros) -> Devices:
    enterprises = await an_enterprise(store, tenant, now=now), await an_enterprise(store, tenant, now=now)
    accounts: list[ManagedAccountId] = []
    for enterprise in enterprises:
        account = await a_managed_account(store, enterprise, now=now)
        await a_managed_account(store, enterprise, "user343", now=now)
        accounts.append(account)
        for android_id in ANDROID_IDS:
            await redeem(store, await a_device_token(store, enterprise, account, now=now), android_id, now=now)
    tokens = [await a_device_token(store, enterprises[0], accounts[0], now=now) for _ in range(2)]
    return Devices(enterprises, _two(accounts), _two(tokens))


async def _relations(store: Store, tenant: SomeTenant, people: People, now: Micros) -> Relations:
    partners = await a_tenant(store, now=now), await a_tenant(store, now=now)
    customers = await a_tenant(store, now=now), await a_tenant(store, now=now)
    given = [await a_relationship(store, partner, tenant, now=now) for partner in partners]
    held = [await a_relationship(store, tenant, customer, now=now) for customer in customers]
    managed = [await an_enterprise(store, customer, tenant, now=now) for customer in customers]
    for enterprise in managed:
        account = await a_managed_account(store, enterprise, now=now)
        await redeem(store, await a_device_token(store, enterprise, account, now=now), ANDROID_IDS[0], now=now)
    agents = [await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR], now=now) for partner in partners]
    async with store.write() as tx:
        for agent in agents:
            session = await a_session(tx, agent, now)
            await sessions.set_acting_tenant(tx, agent.tenant_id, agent.id, session.id, tenant.id)
            acting = as_user(agent, "pwd", "mfa")
            await update_user(tx, acting, tenant.id, people.newcomers[0].id, UserChanges(given_name=agent.id), now)
    return Relations(partners, customers, _two(given), _two(held), _two(agents), _two(managed))


def _two(made: Sequence[T]) -> Twins[T]:
    first, second = made
    return first, second
