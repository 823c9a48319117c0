"""Things with good defaults, made by the functions that make them in production. Each returns what a test needs of it.

`OPERATOR` may do everything; names are counted up, so that two of a kind never collide.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from tenantry.access.actions import Permission, RoleId
from tenantry.connectors.connectors import register_connector
from tenantry.connectors.service_accounts import add_service_account_key, generate_key_pair, register_service_account
from tenantry.core.caller import Caller, CallerKind, Origin, Reach, operator
from tenantry.core.clock import DAY, Micros
from tenantry.core.ids import ConnectorId, CorrelationId, EnterpriseId, GroupId, RelationshipId, TenantId, UserId
from tenantry.delegation.relationships import (
    approve_relationship,
    create_reseller_relationship,
    request_relationship,
)
from tenantry.devices.enterprises import enroll_enterprise
from tenantry.directory.groups import GroupType, NewGroup, create_group
from tenantry.directory.members import Newcomers
from tenantry.directory.passwords import PasswordHasher
from tenantry.directory.phones import add_verified_phone
from tenantry.directory.roles import assign_role
from tenantry.directory.subscribers import add_subscribers
from tenantry.directory.tenants import create_tenant
from tenantry.directory.users import NewUser, create_user
from tenantry.outbox.changes import EventType
from tenantry.outbox.handshake import ProvenUrl
from tenantry.outbox.webhooks import ObjectType, Subject, Wishes, register_webhook
from tenantry.store.engine import Store
from tenantry.tokens.grants import create_grant
from tenantry.tokens.master_key import MasterKey
from tenantry.tokens.secrets import SecretHasher
from tests.support.app import MASTER_KEY
from tests.support.clock import NOON

OPERATOR = operator(Origin(CorrelationId("test"), ""))
HASHER = SecretHasher(MasterKey.from_base64(MASTER_KEY).pepper())
PASSWORD = "Correct-Horse-7-Battery"

_count = itertools.count(1)
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


@dataclass(frozen=True, slots=True)
class SomeConnector:
    """A confidential connector and its secret."""

    id: ConnectorId
    tenant_id: TenantId
    secret: str


@dataclass(frozen=True, slots=True)
class SomeGrant:
    """What a user gave a connector, with the refresh token made of it."""

    id: str
    tenant_id: TenantId
    refresh_token: str
    expires_at: Micros


@dataclass(frozen=True, slots=True)
class SomeServiceAccount:
    """A service account with one RSA key, whose key file a Google client would load."""

    connector_id: ConnectorId
    email: str
    key_id: str
    private_pem: str


async def a_tenant(
    store: Store, *, name: str | None = None, domain: str | None = None, country: str = "US", now: Micros = NOON
) -> SomeTenant:

    number = next(_count)
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

    number = next(_count)
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


async def a_connector(
    store: Store,
    tenant: SomeTenant,
    *,
    name: str | None = None,
    permissions: Collection[Permission] = tuple(Permission),
    redirect_uris: Sequence[str] = (),
    now: Micros = NOON,
) -> SomeConnector:

    async with store.write() as tx:
        made = await register_connector(
            tx,
            OPERATOR,
            HASHER,
            tenant_id=tenant.id,
            name=name or f"Connector {next(_count)}",
            permissions=permissions,
            redirect_uris=redirect_uris,
            now=now,
        )
    assert made.client_secret is not None
    return SomeConnector(made.connector_id, tenant.id, made.client_secret)


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
    name = name or f"Group {next(_count)}"
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


async def a_webhook(
    store: Store,
    tenant: SomeTenant,
    group_id: GroupId | None,
    callback_url: str = "https://receiver.example/hook",
    *,
    event_types: Collection[str] = tuple(EventType),
    now: Micros = NOON,
) -> str:
    """The id of a webhook of the group, or of the organisation; its token is `callback-token`."""
    of_group, of_tenant = ObjectType.GROUP, ObjectType.TENANT
    subject = Subject(of_tenant, tenant.id) if group_id is None else Subject(of_group, group_id)
    wishes = Wishes(event_types=event_types, callback_token="callback-token")
    async with store.write() as tx:
        return await register_webhook(
            tx, MasterKey.from_base64(MASTER_KEY), OPERATOR, tenant.id, subject, ProvenUrl(callback_url), wishes, now
        )


async def a_grant(
    store: Store,
    connector: SomeConnector,
    user: SomeUser,
    *,
    reach: Reach = Reach.USER,
    group_id: GroupId | None = None,
    permissions: Collection[Permission] = tuple(Permission),
    amr: Collection[str] = ("pwd", "mfa"),
    lifetime: Micros = 365 * DAY,
    now: Micros = NOON,
) -> SomeGrant:
    """Given by the user to the connector, in the user's tenant."""

    async with store.write() as tx:
        made = await create_grant(
            tx,
            as_user(user),
            HASHER,
            tenant_id=user.tenant_id,
            connector_id=connector.id,
            user_id=user.id,
            reach=reach,
            group_id=group_id,
            permissions=permissions,
            amr=amr,
            lifetime=lifetime,
            now=now,
        )
    return SomeGrant(made.grant_id, user.tenant_id, made.refresh_token, made.expires_at)


async def a_service_account(
    store: Store, tenant: SomeTenant, *, name: str | None = None, now: Micros = NOON
) -> SomeServiceAccount:

    private_pem, public_pem = _key_pair()
    number = next(_count)
    key_id = f"key-{number}"
    async with store.write() as tx:
        account = await register_service_account(
            tx, OPERATOR, tenant_id=tenant.id, name=name or f"account-{number}", domain=tenant.domain, now=now
        )
        await add_service_account_key(tx, OPERATOR, tenant.id, account.connector_id, key_id, public_pem, now)
    return SomeServiceAccount(account.connector_id, account.email, key_id, private_pem)


@functools.cache
def _key_pair() -> tuple[str, str]:
    """The same slow RSA key once for the whole run."""

    return generate_key_pair()


async def an_enterprise(
    store: Store,
    customer: SomeTenant,
    emm: SomeTenant,
    *,
    service_account: SomeServiceAccount | None = None,
    now: Micros = NOON,
) -> EnterpriseId:
    """Managed by `emm`; the service account, when there is one, acts as the enterprise."""
    async with store.write() as tx:
        return await enroll_enterprise(
            tx,
            OPERATOR,
            tenant_id=customer.id,
            emm_tenant_id=emm.id,
            name=f"Enterprise {next(_count)}",
            service_account_id=None if service_account is None else service_account.connector_id,
            now=now,
        )


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


def as_user(user: SomeUser) -> Caller:
    """The user itself, signed in without a connector."""
    return Caller(CallerKind.USER, OPERATOR.origin, tenant_id=user.tenant_id, user_id=user.id)
