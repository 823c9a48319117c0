"""Signs a user in to a connector with a phone number and a PIN (Kaizala contract §3.2, A1 and A2, §6 #3-#5).

1. `request_sign_in_pin` makes a PIN for the number, in the connector's tenant. It is sent only when the number is
   verified and its user live; for any other number everything but the sending happens too.
2. `sign_in_with_pin` makes a grant: one that reaches the tenant for a Global Administrator, otherwise one that reaches
   what the user may.
3. A PIN is one factor. For a user whose sign-in asks for a second one, the grant reaches the user's own groups only;
   and the tenant may turn this sign-in off (policies.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tenantry.access.actions import KAIZALA_PERMISSIONS, Permission, RoleId
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Audience, Caller, CallerKind, Origin, Reach, anonymous
from tenantry.core.clock import Micros
from tenantry.core.errors import BadCredentials, InvalidClient
from tenantry.core.hiding import hiding
from tenantry.core.ids import ConnectorId, TenantId, UserId
from tenantry.directory.enrolment import list_asked
from tenantry.directory.phone_loss import PIN_ALONE
from tenantry.directory.pins import PinPurpose, PinRules, PinUse, claim_pin, request_pin
from tenantry.directory.policies import find_policies, is_met
from tenantry.store.connectors import connectors
from tenantry.store.connectors.connectors import Connector
from tenantry.store.engine.interface import Read, Store, Tx
from tenantry.store.sign_in import phones
from tenantry.store.tenants import tenants
from tenantry.store.users import roles
from tenantry.tokens.clients import Client, authenticate_connector
from tenantry.tokens.grants import GrantTerms, NewGrant, Replaces, create_grant
from tenantry.tokens.issuing import Issuing
from tenantry.tokens.secrets import SecretHasher

AMR = PIN_ALONE

PIN_REFUSED = "The PIN is not valid. Ask for a new one."
"""The one answer to a PIN that is wrong, expired or used, and to a number that nobody has."""


@hiding("pin")
class PinToSend(NamedTuple):
    """A PIN for the number of a user of the tenant."""

    tenant_id: TenantId
    pin: str


@dataclass(frozen=True, slots=True)
class PhoneSignIn:
    """What the client gets for a right PIN."""

    grant: NewGrant
    permissions: frozenset[Permission]


async def request_sign_in_pin(
    store: Store,
    hasher: SecretHasher,
    origin: Origin,
    *,
    connector_id: ConnectorId,
    number: str,
    rules: PinRules,
    now: Micros,
) -> PinToSend | None:
    """The PIN to send to `number` (E.164). On None the caller sends nothing, and answers alike. Raises InvalidClient,
    RateLimited.
    """
    caller = anonymous(origin)
    async with store.write() as tx:
        connector = await _get_connector(tx, connector_id)
        user_id = await phones.find_verified_user(tx, connector.tenant_id, number)
        known = user_id is not None and await _may_sign_in_by_phone(tx, connector.tenant_id, user_id, now)
        pin = await request_pin(
            tx,
            caller,
            hasher,
            connector.tenant_id,
            use=PinUse(number=number, purpose=PinPurpose.SIGN_IN, subject=connector.id, known=known),
            rules=rules,
            now=now,
        )
    return PinToSend(connector.tenant_id, pin) if known else None


async def sign_in_with_pin(
    issuing: Issuing, origin: Origin, client: Client, *, number: str, pin: str, now: Micros
) -> PhoneSignIn:
    """Use up the PIN, and grant the connector what the user may.

    A client without a secret is believed its id, since it is the PIN that authenticates the user. Raises InvalidClient,
    BadCredentials. A refused PIN costs a try, a wrong secret none.
    """
    if client.client_secret is not None:
        async with issuing.store.read() as read:
            await authenticate_connector(read, issuing.hasher, issuing.uses, client, now)
    async with issuing.store.write() as tx:
        connector = await _get_connector(tx, ConnectorId(client.client_id))
        signed_in = await _sign_in(tx, issuing.hasher, origin, connector, number, pin, issuing.lifetimes.refresh, now)
    if signed_in is None:
        raise BadCredentials("pin_refused", PIN_REFUSED)
    return signed_in


async def _sign_in(
    tx: Tx,
    hasher: SecretHasher,
    origin: Origin,
    connector: Connector,
    number: str,
    pin: str,
    lifetime: Micros,
    now: Micros,
) -> PhoneSignIn | None:
    """The grant; None when the PIN was refused, in which case the trail says why."""
    tenant_id = connector.tenant_id
    user_id = await phones.find_verified_user(tx, tenant_id, number)
    claimed = await claim_pin(
        tx,
        anonymous(origin),
        hasher,
        tenant_id,
        use=PinUse(number=number, purpose=PinPurpose.SIGN_IN, subject=connector.id, known=user_id is not None),
        pin=pin,
        now=now,
    )
    if not claimed or user_id is None:
        return None
    if not await _may_sign_in_by_phone(tx, tenant_id, user_id, now):
        refused = events.PinRefused(number=number, purpose=PinPurpose.SIGN_IN, reason="phone_sign_in_off")
        await record(tx, tenant_id, anonymous(origin), refused, now)
        return None
    is_half = bool(await list_asked(tx, tenant_id, user_id, now))
    permissions = _permissions(connector)
    grant = await create_grant(
        tx,
        Caller(
            CallerKind.USER,
            origin,
            Audience.KAIZALA,
            tenant_id=tenant_id,
            user_id=user_id,
            connector_id=connector.id,
            amr=frozenset(AMR),
        ),
        hasher,
        tenant_id=tenant_id,
        terms=GrantTerms(
            connector_id=connector.id,
            user_id=user_id,
            reach=Reach.USER if is_half else await reach_of(tx, tenant_id, user_id, now),
            permissions=permissions,
            amr=AMR,
        ),
        lifetime=lifetime,
        now=now,
        replaces=Replaces.SAME_PROOF,
    )
    return PhoneSignIn(grant, permissions)


async def _may_sign_in_by_phone(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros) -> bool:
    policies = await find_policies(read, tenant_id)
    return await is_met(read, tenant_id, user_id, policies.phone_sign_in, now)


async def reach_of(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros) -> Reach:
    """How far a user's own token goes: through the whole tenant for a Global Administrator (Kaizala contract §1)."""
    held = await roles.list_live(read, tenant_id, user_id, now)
    is_admin = any(assignment.role_id == RoleId.GLOBAL_ADMINISTRATOR for assignment in held)
    return Reach.TENANT if is_admin else Reach.USER


async def _get_connector(read: Read, connector_id: ConnectorId) -> Connector:
    """A connector that may get new grants, of a live tenant. Raises InvalidClient."""
    connector = await connectors.find_by_id(read, connector_id)
    if connector is None:
        raise InvalidClient("unknown_connector")
    if connector.deleted_at is not None:
        raise InvalidClient("connector_deleted")
    if connector.deactivated_at is not None:
        raise InvalidClient("connector_deactivated")
    if not _permissions(connector):
        raise InvalidClient("connector_without_permission")
    if await tenants.find_live(read, connector.tenant_id) is None:
        raise InvalidClient("tenant_not_live")
    return connector


def _permissions(connector: Connector) -> frozenset[Permission]:
    return KAIZALA_PERMISSIONS & {Permission(word) for word in connector.permissions.split()}
