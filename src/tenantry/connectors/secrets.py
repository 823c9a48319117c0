"""A connector's secrets: at most two live ones, so that its secret can be changed without a gap."""

from __future__ import annotations

from dataclasses import dataclass, field

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.connectors.ownership import connector_of, require_change
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import ConnectorId, TenantId, new_guid
from tenantry.store.connectors import connector_secrets, connectors
from tenantry.store.engine.interface import Read, Tx
from tenantry.tokens.secrets import SecretHasher, SecretKind

MOST_LIVE = 2


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A new secret, which is shown this once; `secret_id` names it afterwards."""

    secret_id: str
    client_secret: str = field(repr=False)


async def add_secret(
    tx: Tx,
    caller: Caller,
    hasher: SecretHasher,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    *,
    expires_at: Micros | None = None,
    now: Micros,
) -> NewSecret:
    """Add one more secret. Raises NotFound("connector"), InvalidValue, FailedPrecondition when two are live.

    Atomic: the connector is held, so that two such transactions see each other's secret.
    """
    if expires_at is not None and expires_at <= now:
        raise InvalidValue("The end of a secret must be in the future.", field="expires_at")
    await require_change(tx, caller, tenant_id, connector_id, now)
    connector = await connectors.hold(tx, tenant_id, connector_id)
    if connector is None:
        raise NotFound("connector")
    if connector.kind != "confidential":
        raise FailedPrecondition("Only a confidential connector has secrets.")
    if len(await connector_secrets.list_live(tx, connector_id, now)) >= MOST_LIVE:
        raise FailedPrecondition("The connector has two live secrets. End one, then add another.")
    secret = NewSecret(new_guid(), hasher.mint(SecretKind.CONNECTOR_SECRET, tenant_id))
    await connector_secrets.insert(
        tx,
        connector_id,
        secret.secret_id,
        secret_hash=hasher.hash(secret.client_secret),
        hint=secret.client_secret[-4:],
        expires_at=expires_at,
        now=now,
    )
    event = events.ConnectorSecretAdded(connector_id=connector_id, secret_id=secret.secret_id)
    await record(tx, tenant_id, caller, event, now)
    return secret


async def end_secret(
    tx: Tx, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, secret_id: str, now: Micros
) -> None:
    """End the secret, which is refused from here on. Raises NotFound("connector" or "secret")."""
    await require_change(tx, caller, tenant_id, connector_id, now)
    if not await connector_secrets.mark_ended(tx, connector_id, secret_id, now):
        raise NotFound("secret")
    event = events.ConnectorSecretEnded(connector_id=connector_id, secret_id=secret_id)
    await record(tx, tenant_id, caller, event, now)


async def list_secrets(
    read: Read, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> list[connector_secrets.ConnectorSecret]:
    """The live secrets, as people may see them. Raises what `access.require` does; NotFound("connector")."""
    await require(read, caller, Action.READ_CONNECTOR, tenant_id, now=now)
    await connector_of(read, tenant_id, connector_id)
    return await connector_secrets.list_live(read, connector_id, now)
