"""Users and groups that were deleted so long ago that nobody can restore them: how to find and delete their rows.

Those that are deleted have indexes of their own. They are walked from tenant to tenant, some rows at a time: what that
costs goes by what was deleted of late, not by users, groups or tenants. Only housekeeping may look so.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine import Read, Tx


class _Rows(NamedTuple):
    table: str
    deleted_at: str


class Table(_Rows, Enum):
    """Whose rows stay for a time after their deletion."""

    USERS = _Rows("users", "soft_deleted_at")
    GROUPS = _Rows("groups", "deleted_at")


class DeletedUser(NamedTuple):
    """In the order of the index."""

    tenant_id: TenantId
    id: str
    deleted_at: int


class DeletedGroup(NamedTuple):
    """In the order of the index."""

    tenant_id: TenantId
    deleted_at: int
    id: str


FIRST_USER = DeletedUser(TenantId(""), "", 0)
FIRST_GROUP = DeletedGroup(TenantId(""), 0, "")
"""They stand before every other."""


async def list_users(read: Read, after: DeletedUser, limit: int) -> list[DeletedUser]:
    """At most `limit` deleted users behind this one, of every tenant."""
    return await read.all(
        DeletedUser,
        """
        SELECT tenant_id, id, soft_deleted_at AS deleted_at FROM users
        WHERE soft_deleted_at IS NOT NULL AND (tenant_id, id) > (:after_tenant_id, :id)
        ORDER BY tenant_id, id LIMIT :limit
        """,
        after_tenant_id=after.tenant_id,
        id=after.id,
        limit=limit,
    )


async def list_groups(read: Read, after: DeletedGroup, limit: int) -> list[DeletedGroup]:
    """At most `limit` deleted groups behind this one, of every tenant."""
    return await read.all(
        DeletedGroup,
        """
        SELECT tenant_id, deleted_at, id FROM groups
        WHERE deleted_at IS NOT NULL AND (tenant_id, deleted_at, id) > (:after_tenant_id, :deleted_at, :id)
        ORDER BY tenant_id, deleted_at, id LIMIT :limit
        """,
        after_tenant_id=after.tenant_id,
        deleted_at=after.deleted_at,
        id=after.id,
        limit=limit,
    )


async def delete(tx: Tx, table: Table, tenant_id: TenantId, row_id: str, deleted_until: Micros) -> bool:
    """Delete a row that was marked deleted at `deleted_until` or before, and by the tables' rules all that is only its.

    False when there is none.
    """
    changed = await tx.run(
        f"DELETE FROM {table.table} WHERE tenant_id = :tenant_id AND id = :id AND {table.deleted_at} <= :deleted_until",
        tenant_id=tenant_id,
        id=row_id,
        deleted_until=deleted_until,
    )
    return changed == 1
