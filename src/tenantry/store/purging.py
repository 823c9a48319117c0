"""Users and groups that were deleted so long ago that nobody can restore them: how to find and delete their rows."""

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


class Row(NamedTuple):
    """`deleted_at` is None for a live one."""

    id: str
    deleted_at: int | None


async def list_rows(read: Read, table: Table, tenant_id: TenantId, after_id: str, limit: int) -> list[Row]:
    """At most `limit` rows after `after_id` (empty: from the beginning), deleted or not, by id."""
    return await read.all(
        Row,
        f"""
        SELECT id, {table.deleted_at} AS deleted_at FROM {table.table}
        WHERE tenant_id = :tenant_id AND id > :after_id ORDER BY id LIMIT :limit
        """,
        tenant_id=tenant_id,
        after_id=after_id,
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
