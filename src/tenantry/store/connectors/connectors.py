"""The `connectors` table. It is a reference table: small, and read on every node."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId, TenantId
from tenantry.core.normal_form import name_key
from tenantry.store.engine.interface import Read, Tx


class Connector(NamedTuple):
    """One row. `redirect_uris` is a JSON array. `permissions` are in force and `waiting_permissions` wait for approval:
    both are divided by blanks, in order, and no permission is in both. A declined permission is kept as such until
    somebody asks for it again.
    """

    id: ConnectorId
    tenant_id: TenantId
    kind: str
    name: str
    description: str
    permissions: str
    redirect_uris: str
    email: str | None
    created_by: str | None
    created_at: int
    deactivated_at: int | None
    deleted_at: int | None
    waiting_permissions: str
    waiting_since: int | None
    declined_permissions: str
    declined_at: int | None


_COLUMNS = """
            id, tenant_id, kind, name, description, permissions, redirect_uris, email, created_by, created_at,
            deactivated_at, deleted_at, waiting_permissions, waiting_since, declined_permissions, declined_at"""


async def insert(
    tx: Tx,
    connector_id: ConnectorId,
    tenant_id: TenantId,
    *,
    kind: str,
    name: str,
    description: str,
    permissions: str,
    waiting_permissions: str,
    redirect_uris: str,
    email: str | None,
    created_by: str | None,
    now: Micros,
) -> bool:
    """Add a connector. Answers False when its id or its e-mail address is taken."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO connectors (id, tenant_id, kind, name, name_key, description, permissions, waiting_permissions,
                                waiting_since, redirect_uris, email, created_by, created_at)
        VALUES (:id, :tenant_id, :kind, :name, :name_key, :description, :permissions, :waiting_permissions,
                :waiting_since, :redirect_uris, :email, :created_by, :now)
        ON CONFLICT DO NOTHING RETURNING id
        """,
        id=connector_id,
        tenant_id=tenant_id,
        kind=kind,
        name=name,
        name_key=name_key(name),
        description=description,
        permissions=permissions,
        waiting_permissions=waiting_permissions,
        waiting_since=now if waiting_permissions else None,
        redirect_uris=redirect_uris,
        email=email,
        created_by=created_by,
        now=now,
    )
    return row is not None


async def find(read: Read, tenant_id: TenantId, connector_id: ConnectorId) -> Connector | None:
    """A connector of this tenant that is not deleted; it may be deactivated."""
    return await read.one_or_none(
        Connector,
        f"SELECT {_COLUMNS} FROM connectors WHERE id = :id AND tenant_id = :tenant_id AND deleted_at IS NULL",
        id=connector_id,
        tenant_id=tenant_id,
    )


async def find_by_id(read: Read, connector_id: ConnectorId) -> Connector | None:
    """The connector that a client names, in whatever tenant and state: on the wire its id comes without a tenant."""
    return await read.one_or_none(
        Connector,
        f"SELECT {_COLUMNS} FROM connectors WHERE id = :id",
        id=connector_id,
    )


async def list_of_tenant(read: Read, tenant_id: TenantId, after_id: str, limit: int) -> list[Connector]:
    """At most `limit` connectors of the tenant after `after_id` (empty: from the beginning), without deleted ones."""
    return await read.all(
        Connector,
        f"""
        SELECT {_COLUMNS} FROM connectors WHERE tenant_id = :tenant_id AND id > :after_id AND deleted_at IS NULL
        ORDER BY id LIMIT :limit
        """,
        tenant_id=tenant_id,
        after_id=after_id,
        limit=limit,
    )


async def hold(tx: Tx, tenant_id: TenantId, connector_id: ConnectorId) -> Connector | None:
    """As `find`, and hold the row until the transaction ends, so that two such transactions take turns."""
    return await tx.one_or_none(
        Connector,
        f"""
        UPDATE connectors SET name = name WHERE id = :id AND tenant_id = :tenant_id AND deleted_at IS NULL
        RETURNING {_COLUMNS}
        """,
        id=connector_id,
        tenant_id=tenant_id,
    )


async def set_permissions(
    tx: Tx,
    seen: Connector,
    *,
    permissions: str,
    waiting_permissions: str,
    waiting_since: Micros | None,
    declined_permissions: str,
    declined_at: Micros | None,
) -> bool:
    """Replace the permissions that were read as `seen`. Answers False when the connector has others by now, or
    is gone.
    """
    row = await tx.one_or_none(
        str,
        """
        UPDATE connectors
        SET permissions = :permissions, waiting_permissions = :waiting_permissions, waiting_since = :waiting_since,
            declined_permissions = :declined_permissions, declined_at = :declined_at
        WHERE id = :id AND tenant_id = :tenant_id AND deleted_at IS NULL AND permissions = :seen_permissions
          AND waiting_permissions = :seen_waiting AND COALESCE(waiting_since, 0) = :seen_since
        RETURNING id
        """,
        permissions=permissions,
        waiting_permissions=waiting_permissions,
        waiting_since=waiting_since,
        declined_permissions=declined_permissions,
        declined_at=declined_at,
        id=seen.id,
        tenant_id=seen.tenant_id,
        seen_permissions=seen.permissions,
        seen_waiting=seen.waiting_permissions,
        seen_since=seen.waiting_since or 0,
    )
    return row is not None


async def mark_deactivated(tx: Tx, tenant_id: TenantId, connector_id: ConnectorId, now: Micros) -> bool:
    """Deactivate a connector. Answers False when there is no such active one."""
    changed = await tx.run(
        """
        UPDATE connectors SET deactivated_at = :now
        WHERE id = :id AND tenant_id = :tenant_id AND deactivated_at IS NULL AND deleted_at IS NULL
        """,
        id=connector_id,
        tenant_id=tenant_id,
        now=now,
    )
    return changed == 1


async def mark_activated(tx: Tx, tenant_id: TenantId, connector_id: ConnectorId) -> bool:
    """Activate a connector. Answers False when there is no such deactivated one."""
    changed = await tx.run(
        """
        UPDATE connectors SET deactivated_at = NULL
        WHERE id = :id AND tenant_id = :tenant_id AND deactivated_at IS NOT NULL AND deleted_at IS NULL
        """,
        id=connector_id,
        tenant_id=tenant_id,
    )
    return changed == 1


async def mark_deleted(tx: Tx, tenant_id: TenantId, connector_id: ConnectorId, now: Micros) -> bool:
    """Mark a connector deleted. Answers False when there is no such one, or when it was deleted before."""
    changed = await tx.run(
        """
        UPDATE connectors SET deleted_at = :now
        WHERE id = :id AND tenant_id = :tenant_id AND deleted_at IS NULL
        """,
        id=connector_id,
        tenant_id=tenant_id,
        now=now,
    )
    return changed == 1
