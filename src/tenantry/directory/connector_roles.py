"""Roles that a connector holds itself, so that what it does alone goes by the same rules as what people do.

Giving a connector a role needs the same rights as giving it to a user. A public connector has no secret by which it
could authenticate, so it holds none. A deleted connector loses its roles; a deactivated one keeps them, without use.
"""

from __future__ import annotations

from tenantry.access.actions import Action, RoleId
from tenantry.access.decide import require
from tenantry.access.standing import require_giveable
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import InvalidValue, NotFound
from tenantry.core.ids import ConnectorId, TenantId
from tenantry.store.connectors import connector_roles
from tenantry.store.connectors.connector_roles import ConnectorRole, RoleHolder
from tenantry.store.engine.interface import Read, Tx


async def give_connector_role(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    role_id: RoleId,
    expires_at: Micros | None,
    now: Micros,
) -> None:
    """Let the connector hold the role until `expires_at` (None: for good). For a role that it holds already, this moves
    the end.

    Raises what `access.require` and `require_giveable` do; NotFound("connector"), InvalidValue for an end in the past.
    """
    await require(tx, caller, Action.ASSIGN_ROLE, tenant_id, now=now)
    latest = await require_giveable(tx, caller, tenant_id, role_id, now)
    if latest is not None:
        expires_at = latest if expires_at is None else min(expires_at, latest)
    if expires_at is not None and expires_at <= now:
        raise InvalidValue("The end of a role must be in the future.", field="expires_at")
    given = await connector_roles.upsert(tx, tenant_id, connector_id, role_id=role_id, expires_at=expires_at, now=now)
    if not given:
        raise NotFound("connector")
    event = events.ConnectorRoleGiven(connector_id=connector_id, role_id=role_id, expires_at=expires_at)
    await record(tx, tenant_id, caller, event, now)


async def take_connector_role(
    tx: Tx, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, role_id: RoleId, now: Micros
) -> None:
    """Take the role from the connector. Raises as `give_connector_role`; NotFound("role assignment")."""
    await require(tx, caller, Action.ASSIGN_ROLE, tenant_id, now=now)
    await require_giveable(tx, caller, tenant_id, role_id, now)
    if not await connector_roles.delete(tx, tenant_id, connector_id, role_id):
        raise NotFound("role assignment")
    await record(tx, tenant_id, caller, events.ConnectorRoleTaken(connector_id=connector_id, role_id=role_id), now)


async def list_connector_roles(
    read: Read, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> list[ConnectorRole]:
    """The roles that the connector holds at `now`. Raises what `access.require` does."""
    await require(read, caller, Action.READ_CONNECTOR, tenant_id, now=now)
    return await connector_roles.list_live(read, tenant_id, connector_id, now)


async def list_role_holders(
    read: Read, caller: Caller, tenant_id: TenantId, role_id: RoleId, now: Micros, limit: int
) -> list[RoleHolder]:
    """Connectors that hold the role, by id. Raises what `access.require` does."""
    await require(read, caller, Action.LIST_USERS, tenant_id, now=now)
    return await connector_roles.list_holders(read, tenant_id, role_id, now, limit)
