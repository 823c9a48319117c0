"""The `group_links` table: which group is a sub-group of which."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId
from tenantry.store.engine.interface import Read, Tx


class GroupLink(NamedTuple):
    parent_id: GroupId
    child_id: GroupId


async def insert(tx: Tx, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId, now: Micros) -> bool:
    """Make `child_id` a sub-group of `parent_id`. Answers False when it is one already."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO group_links (tenant_id, parent_id, child_id, created_at)
        VALUES (:tenant_id, :parent_id, :child_id, :now)
        ON CONFLICT (tenant_id, parent_id, child_id) DO NOTHING RETURNING child_id
        """,
        tenant_id=tenant_id,
        parent_id=parent_id,
        child_id=child_id,
        now=now,
    )
    return row is not None


async def delete(tx: Tx, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId) -> bool:
    """Take `child_id` out of `parent_id`. Answers False when it was no sub-group of it."""
    changed = await tx.run(
        "DELETE FROM group_links WHERE tenant_id = :tenant_id AND parent_id = :parent_id AND child_id = :child_id",
        tenant_id=tenant_id,
        parent_id=parent_id,
        child_id=child_id,
    )
    return changed == 1


async def count_sub_groups(read: Read, tenant_id: TenantId, parent_id: GroupId, most: int) -> int:
    """How many sub-groups the group has, counted up to `most`; deleted ones too, since they may be restored."""
    [found] = await read.all(
        int,
        """
        SELECT COUNT(*) FROM (
            SELECT 1 FROM group_links WHERE tenant_id = :tenant_id AND parent_id = :parent_id LIMIT :most) n
        """,
        tenant_id=tenant_id,
        parent_id=parent_id,
        most=most,
    )
    return found


async def list_of_parents(read: Read, tenant_id: TenantId, ids: str, limit: int) -> list[GroupLink]:
    """At most `limit` links of the groups `ids` to their live sub-groups, in the order of the ids, and then by the
    sub-group's name.

    `ids` are GUIDs, one after the other with nothing between them.
    """
    return await read.all(
        GroupLink,
        """
        WITH RECURSIVE wanted(place, id, rest) AS (
            SELECT 0, SUBSTR(CAST(:ids AS TEXT), 1, 36), SUBSTR(CAST(:ids AS TEXT), 37)
            UNION ALL
            SELECT place + 1, SUBSTR(rest, 1, 36), SUBSTR(rest, 37) FROM wanted WHERE rest <> ''
        )
        SELECT n.parent_id, n.child_id FROM (
            SELECT w.place, l.parent_id, l.child_id, g.name_key
            FROM wanted w CROSS JOIN group_links l
            JOIN groups g ON g.tenant_id = :tenant_id AND g.id = l.child_id AND g.deleted_at IS NULL
            WHERE l.tenant_id = :tenant_id AND l.parent_id = w.id LIMIT :limit) n
        ORDER BY n.place, n.name_key, n.child_id
        """,
        tenant_id=tenant_id,
        ids=ids,
        limit=limit,
    )
