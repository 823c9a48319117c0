"""The `connector_roles` table: which directory roles a connector holds itself, as a service principal does."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId, TenantId
from tenantry.store.engine.interface import Read, Tx


class ConnectorRole(NamedTuple):
    """One row. An assignment without `expires_at` has no end."""

    connector_id: ConnectorId
    role_id: str
    created_at: int
    expires_at: int | None


class RoleHolder(NamedTuple):
    """A connector that holds a role."""

    id: ConnectorId
    name: str


async def upsert(
    tx: Tx, tenant_id: TenantId, connector_id: ConnectorId, *, role_id: str, expires_at: Micros | None, now: Micros
) -> bool:
    """Give the connector the role, or move the end of the assignment. Answers False when the tenant has no such
    connector, or when it is public and so cannot act alone.
    """
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO connector_roles (tenant_id, connector_id, role_id, created_at, expires_at)
        SELECT CAST(:tenant_id AS TEXT), id, CAST(:role_id AS TEXT), CAST(:now AS BIGINT), CAST(:expires_at AS BIGINT)
        FROM connectors
        WHERE tenant_id = :tenant_id AND id = :connector_id AND deleted_at IS NULL AND kind <> 'public'
        ON CONFLICT (tenant_id, connector_id, role_id) DO UPDATE SET expires_at = excluded.expires_at
        RETURNING connector_id
        """,
        tenant_id=tenant_id,
        connector_id=connector_id,
        role_id=role_id,
        expires_at=expires_at,
        now=now,
    )
    return row is not None


async def delete(tx: Tx, tenant_id: TenantId, connector_id: ConnectorId, role_id: str) -> bool:
    """Take the role from the connector. Answers False when it did not hold the role."""
    deleted = await tx.run(
        """
        DELETE FROM connector_roles
        WHERE tenant_id = :tenant_id AND connector_id = :connector_id AND role_id = :role_id
        """,
        tenant_id=tenant_id,
        connector_id=connector_id,
        role_id=role_id,
    )
    return deleted == 1


async def delete_all(tx: Tx, tenant_id: TenantId, connector_id: ConnectorId) -> int:
    """Take all roles from the connector. Answers how many it held, ended ones included."""
    return await tx.run(
        "DELETE FROM connector_roles WHERE tenant_id = :tenant_id AND connector_id = :connector_id",
        tenant_id=tenant_id,
        connector_id=connector_id,
    )


async def list_live(read: Read, tenant_id: TenantId, connector_id: ConnectorId, now: Micros) -> list[ConnectorRole]:
    """The roles that the connector holds at `now`, by role id; none for a deleted or deactivated one."""
    return await read.all(
        ConnectorRole,
        """
        SELECT r.connector_id, r.role_id, r.created_at, r.expires_at
        FROM connector_roles r JOIN connectors c ON c.id = r.connector_id
        WHERE r.tenant_id = :tenant_id AND r.connector_id = :connector_id
          AND (r.expires_at IS NULL OR r.expires_at > :now)
          AND c.tenant_id = :tenant_id AND c.deleted_at IS NULL AND c.deactivated_at IS NULL
        ORDER BY r.role_id
        """,
        tenant_id=tenant_id,
        connector_id=connector_id,
        now=now,
    )


async def list_holders(read: Read, tenant_id: TenantId, role_id: str, now: Micros, limit: int) -> list[RoleHolder]:
    """At most `limit` connectors that hold the role at `now`, by id."""
    return await read.all(
        RoleHolder,
        """
        SELECT c.id, c.name FROM connector_roles r JOIN connectors c ON c.id = r.connector_id
        WHERE r.tenant_id = :tenant_id AND r.role_id = :role_id AND (r.expires_at IS NULL OR r.expires_at > :now)
          AND c.tenant_id = :tenant_id AND c.deleted_at IS NULL
        ORDER BY c.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        role_id=role_id,
        now=now,
        limit=limit,
    )
