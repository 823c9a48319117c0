"""The `group_links` table: which group is a sub-group of which."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId
from tenantry.store.engine import Read, Tx


class GroupLink(NamedTuple):
    parent_id: GroupId
    child_id: GroupId


async def insert(tx: Tx, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId, now: Micros) -> bool:
    """Make `child_id` a sub-group of `parent_id`. False when it is one."""
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
    """False when `child_id` is no sub-group of `parent_id`."""
    changed = await tx.run(
        "DELETE FROM group_links WHERE tenant_id = :tenant_id AND parent_id = :parent_id AND child_id = :child_id",
        tenant_id=tenant_id,
        parent_id=parent_id,
        child_id=child_id,
    )
    return changed == 1


async def list_below(
    read: Read, tenant_id: TenantId, *, all_groups: bool = False, of_user_id: str = "", group_id: str = ""
) -> list[GroupLink]:
    """Links whose parent is among all groups, the groups of a user, or is the one group or a descendant of it."""
    return await read.all(
        GroupLink,
        """
        WITH RECURSIVE parent(id) AS (
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND :all_groups = 1
            UNION
            SELECT m.group_id FROM group_members m WHERE m.tenant_id = :tenant_id AND m.user_id = :of_user_id
            UNION
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND g.id = :group_id
        ), reached(id) AS (
            SELECT id FROM parent
            UNION
            SELECT l.child_id FROM reached r JOIN group_links l ON l.tenant_id = :tenant_id AND l.parent_id = r.id
        )
        SELECT l.parent_id, l.child_id FROM reached r CROSS JOIN group_links l
        WHERE l.tenant_id = :tenant_id AND l.parent_id = r.id
        ORDER BY l.parent_id, l.child_id
        """,
        tenant_id=tenant_id,
        all_groups=int(all_groups),
        of_user_id=of_user_id,
        group_id=group_id,
    )
