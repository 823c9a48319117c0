"""Who may change a connector: the user who registered it, and administrators."""

from __future__ import annotations

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import ConnectorId, TenantId, UserId
from tenantry.store.connectors import connectors
from tenantry.store.engine.interface import Read
from tenantry.store.users import users
from tenantry.store.users.users import User


async def connector_of(read: Read, tenant_id: TenantId, connector_id: ConnectorId) -> connectors.Connector:
    """A connector of this tenant, active or not, for a caller who has been checked. Raises NotFound("connector")."""
    connector = await connectors.find(read, tenant_id, connector_id)
    if connector is None:
        raise NotFound("connector")
    return connector


async def registrant_of(read: Read, connector: connectors.Connector) -> User | None:
    """The user who registered it, even if disabled or deleted; None for the operator, or a purged user. 1 query."""
    if connector.created_by is None:
        return None
    return await users.find(read, connector.tenant_id, UserId(connector.created_by))


async def require_change(
    read: Read, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> connectors.Connector:
    """The connector, when the caller may change it. Raises NotFound("connector"), and what `access.require` does."""
    connector = await connectors.find(read, tenant_id, connector_id)
    if connector is None:
        await require(read, caller, Action.READ_CONNECTOR, tenant_id, now=now)
        raise NotFound("connector")
    owner_id = UserId(connector.created_by) if connector.created_by else None
    await require(read, caller, Action.CHANGE_CONNECTOR, tenant_id, owner_id=owner_id, now=now)
    return connector
