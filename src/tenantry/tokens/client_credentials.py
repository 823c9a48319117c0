"""An application alone: its ID and secret prove it, and no user stands behind the token (RFC 6749 §2.3 and §4.4)."""

from __future__ import annotations

from dataclasses import dataclass

from tenantry.audit.events import AccessTokenIssued
from tenantry.audit.record import record
from tenantry.core.caller import Audience, Caller, CallerKind, Origin
from tenantry.core.clock import Micros
from tenantry.core.errors import BadCredentials, InvalidClient
from tenantry.core.ids import ConnectorId, TenantId
from tenantry.store.engine.interface import Read, Store
from tenantry.store.tokens import presented
from tenantry.tokens.exchange import Exchanged, fault_of_client, read_client
from tenantry.tokens.last_uses import PROCESS_USES
from tenantry.tokens.mint import mint_access_token
from tenantry.tokens.refusals import note_refusal
from tenantry.tokens.secrets import SecretHasher, SecretKind, tenant_of
from tenantry.tokens.signing_keys import KeyRing


@dataclass(frozen=True, slots=True)
class ConnectorIdentity:
    """A proven connector of a live tenant. It may be deactivated."""

    connector_id: ConnectorId
    tenant_id: TenantId
    kind: str
    permissions: tuple[str, ...]
    is_active: bool


async def authenticate_connector(
    read: Read, hasher: SecretHasher, client_id: str, client_secret: str | None, now: Micros
) -> ConnectorIdentity:
    """The connector whose ID and secret these are; a public one has no secret. Raises InvalidClient. At most 1 read."""
    connector_id, presented_hash = read_client(hasher, client_id, client_secret)
    row = await presented.find_connector(read, connector_id, presented_hash, now)
    if row is None:
        raise InvalidClient("unknown_connector")
    fault = fault_of_client(row.kind, row.deleted_at, presented_hash, row.secret_hash)
    if fault is not None:
        raise fault
    if row.tenant_ended_at is not None:
        raise InvalidClient("tenant_ended")
    if presented_hash:
        PROCESS_USES.note_secret(connector_id, presented_hash, row.secret_last_used_at, now)
    return ConnectorIdentity(
        row.id, row.tenant_id, row.kind, tuple(row.permissions.split()), is_active=row.deactivated_at is None
    )


async def exchange_client_credentials(
    store: Store,
    ring: KeyRing,
    hasher: SecretHasher,
    *,
    client_id: str,
    client_secret: str | None,
    audience: Audience,
    tenant_id: TenantId | None,
    issuer: str,
    lifetime: Micros,
    now: Micros,
    origin: Origin,
) -> Exchanged:
    """A token of the connector itself. `tenant_id`: the only tenant whose connectors are taken.

    A deactivated connector is refused, since no grant stands behind what it would get. Raises InvalidClient.
    1 read, 1 write, 1 signature.
    """
    try:
        async with store.read() as read:
            connector = await authenticate_connector(read, hasher, client_id, client_secret, now)
        if tenant_id is not None and connector.tenant_id != tenant_id:
            raise InvalidClient("wrong_tenant")
        if connector.kind == "public":
            raise InvalidClient("wrong_kind")
        if not connector.is_active:
            raise InvalidClient("connector_deactivated")
    except BadCredentials as refused:
        secret_tenant = tenant_of(client_secret or "", SecretKind.CONNECTOR_SECRET)
        if secret_tenant is not None:
            await note_refusal(
                store,
                secret_tenant,
                refused,
                audience=audience,
                client_id=client_id,
                origin=origin,
                now=now,
            )
        raise
    caller = Caller(CallerKind.CONNECTOR, origin, tenant_id=connector.tenant_id, connector_id=connector.connector_id)
    return await issue_to_connector(
        store,
        ring,
        caller,
        connector.tenant_id,
        connector.connector_id,
        connector.permissions,
        audience=audience,
        issuer=issuer,
        lifetime=lifetime,
        now=now,
    )


async def issue_to_connector(
    store: Store,
    ring: KeyRing,
    caller: Caller,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    permissions: tuple[str, ...],
    *,
    audience: Audience,
    issuer: str,
    lifetime: Micros,
    now: Micros,
) -> Exchanged:
    """Mint a token without a user, once its audit event is durable. 1 write, 1 signature."""
    access_token = mint_access_token(
        ring,
        issuer=issuer,
        audience=audience,
        subject=connector_id,
        tenant_id=tenant_id,
        client_id=connector_id,
        scope=" ".join(permissions),
        grant_id=None,
        amr=(),
        lifetime=lifetime,
        now=now,
    )
    issued = AccessTokenIssued(jti=access_token.jti, audience=audience, expires_at=access_token.expires_at)
    await record(store, tenant_id, caller, issued, now)
    return Exchanged(access_token, tenant_id, connector_id, permissions)
