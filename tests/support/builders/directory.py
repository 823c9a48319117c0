"""Tenants, users, groups and relationships."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from tenantry.access.actions import RoleId
from tenantry.core.caller import Caller, Reach, in_person
from tenantry.core.clock import DAY, Micros
from tenantry.core.ids import GroupId, RelationshipId, TenantId, UserId
from tenantry.delegation.relationships import (
    approve_relationship,
    create_reseller_relationship,
    request_relationship,
)
from tenantry.directory.group_views import GroupView, list_group_ids, view_groups
from tenantry.directory.groups import GroupType, NewGroup, create_group
from tenantry.directory.members import Newcomers
from tenantry.directory.passwords import PasswordHasher
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.roles import assign_role
from tenantry.directory.subscribers import add_subscribers
from tenantry.directory.tenants import create_tenant
from tenantry.directory.user_properties import NewUser
from tenantry.directory.users import create_user
from tenantry.store.engine.interface import Read, Store
from tests.support.builders.stage import OPERATOR, counted
from tests.support.clock import NOON

PASSWORD = "Correct-Horse-7-Battery"

_password_hashes: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class SomeTenant:
    """A tenant with its first domain."""

    id: TenantId
    domain: str


@dataclass(frozen=True, slots=True)
class SomeUser:
    """A user of a tenant, signing in with `PASSWORD`. `phone_number` is None unless asked for."""

    id: UserId
    tenant_id: TenantId
    user_principal_name: str
    phone_number: str | None


async def a_tenant(
    store: Store, *, name: str | None = None, domain: str | None = None, country: str = "US", now: Micros = NOON
) -> SomeTenant:

    number = next(counted)
    domain = domain or f"tenant{number}.example"
    async with store.write() as tx:
        tenant_id = await create_tenant(
            tx, OPERATOR, name=name or f"Tenant {number}", initial_domain=domain, country=country, now=now
        )
    return SomeTenant(tenant_id, domain)


async def a_user(
    store: Store,
    tenant: SomeTenant,
    *,
    name: str | None = None,
    phone: bool | str = False,
    roles: Collection[RoleId] = (),
    password: str = PASSWORD,
    must_change: bool = False,
    now: Micros = NOON,
) -> SomeUser:
    """With `phone` it has a verified number: a made-up one, or the one given."""

    number = next(counted)
    name = name or f"user{number}"
    new_user = NewUser(
        user_principal_name=f"{name}@{tenant.domain}",
        display_name=name.title(),
        given_name=name.title(),
        family_name="Example",
        usage_location="US",
        immutable_id=None,
        phone_number=None,
    )
    password_hash = await _hash(password)
    phone_number = f"+1206555{number % 10_000:04}" if phone is True else phone or None
    async with store.write() as tx:
        user = await create_user(tx, OPERATOR, tenant.id, new_user, password_hash, must_change, now)
        for role in roles:
            await assign_role(tx, OPERATOR, tenant.id, user.id, role, None, now)
        if phone_number is not None:
            await add_verified_phone(tx, OPERATOR, tenant.id, user.id, phone_number, now)
    return SomeUser(user.id, tenant.id, user.user_principal_name, phone_number)


async def _hash(password: str) -> str:
    """The same slow hash once for the whole run."""

    if password not in _password_hashes:
        hasher = PasswordHasher(memory_kib=64, passes=1, workers=1)
        _password_hashes[password] = await hasher.hash(password)
        hasher.close()
    return _password_hashes[password]


def as_user(user: SomeUser, *amr: str) -> Caller:
    """The user itself, signed in without a connector, with these proofs."""
    return in_person(OPERATOR.origin, tenant_id=user.tenant_id, user_id=user.id, amr=amr)


async def a_group(
    store: Store,
    tenant: SomeTenant,
    *,
    name: str | None = None,
    admins: Collection[SomeUser] = (),
    members: Collection[SomeUser] = (),
    subscribers: Collection[SomeUser] | None = None,
    parent_id: GroupId | None = None,
    now: Micros = NOON,
) -> GroupId:
    """With `subscribers`, if only an empty list, it is a broadcasting one (ConnectGroup)."""

    newcomers = Newcomers(user_ids=tuple(user.id for user in members), admin_ids=tuple(admin.id for admin in admins))
    group_type = GroupType.GROUP if subscribers is None else GroupType.CONNECT_GROUP
    name = name or f"Group {next(counted)}"
    new_group = NewGroup(name=name, welcome_message="Welcome", group_type=group_type, newcomers=newcomers)
    # A sub-group is what a caller makes whose reach is its parent.
    reach = None if parent_id is None else Reach.GROUP
    caller = msgspec.structs.replace(OPERATOR, reach=reach, group_id=parent_id)
    async with store.write() as tx:
        created = await create_group(tx, caller, tenant.id, new_group, now)
        if subscribers:
            names = [user.user_principal_name for user in subscribers]
            await add_subscribers(tx, OPERATOR, tenant.id, created.group_id, names, now=now)
    assert created.all_added
    return created.group_id


async def list_groups(read: Read, tenant_id: TenantId) -> list[GroupView]:
    """Every group of a tenant that has few."""
    found = await list_group_ids(read, OPERATOR, tenant_id, now=NOON)
    return await view_groups(read, OPERATOR, tenant_id, found.ids)


async def a_relationship(
    store: Store,
    partner: SomeTenant,
    customer: SomeTenant,
    *,
    roles: Collection[RoleId] = (RoleId.USER_ADMINISTRATOR, RoleId.DIRECTORY_WRITERS),
    approved: bool = True,
    reseller: bool = True,
    lifetime: Micros = 365 * DAY,
    now: Micros = NOON,
) -> RelationshipId:
    """A delegated relationship, beside a reseller one."""

    async with store.write() as tx:
        if reseller:
            await create_reseller_relationship(
                tx, OPERATOR, customer_tenant_id=customer.id, partner_tenant_id=partner.id, now=now
            )
        relationship_id = await request_relationship(
            tx,
            OPERATOR,
            customer_tenant_id=customer.id,
            partner_tenant_id=partner.id,
            display_name="Administration",
            role_ids=roles,
            expires_at=now + lifetime,
            now=now,
        )
        if approved:
            await approve_relationship(
                tx, OPERATOR, customer_tenant_id=customer.id, relationship_id=relationship_id, now=now
            )
    return relationship_id
