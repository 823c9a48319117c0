"""Walks along the links between groups, upwards and downwards.

People link groups as they like, so each walk looks at `most` groups and stops wherever it is then. UNION keeps it from
going round in a ring for ever.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read


class Above(NamedTuple):
    """A group above another, `levels` higher; or that group itself, with 0. A group that is above it by several ways
    has several of these.
    """

    id: GroupId
    levels: int


class Below(NamedTuple):
    """How much is below a group: how many rows the walk had, in which a group counts once for each level, and how many
    levels.
    """

    looked: int
    levels: int


class NamedGroup(NamedTuple):
    """A group, and its place in the order of names."""

    id: GroupId
    name_key: str


async def list_above(read: Read, tenant_id: TenantId, group_id: GroupId, *, deepest: int, most: int) -> list[Above]:
    """The group and those above it, deleted ones too, up to `deepest` levels, the nearest first."""
    return await read.all(
        Above,
        """
        WITH RECURSIVE above(id, levels) AS (
            SELECT g.id, 0 FROM groups g WHERE g.tenant_id = :tenant_id AND g.id = :group_id
            UNION
            SELECT l.parent_id, a.levels + 1 FROM above a
            JOIN group_links l ON l.tenant_id = :tenant_id AND l.child_id = a.id
            WHERE a.levels < :deepest
        )
        SELECT id, levels FROM above LIMIT :most
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        deepest=deepest,
        most=most,
    )


async def measure_below(read: Read, tenant_id: TenantId, group_id: GroupId, *, deepest: int, most: int) -> Below:
    """How far it goes down from the group, deleted groups too, up to `deepest` levels."""
    found = await read.one_or_none(
        Below,
        """
        WITH RECURSIVE below(id, levels) AS (
            SELECT g.id, 0 FROM groups g WHERE g.tenant_id = :tenant_id AND g.id = :group_id
            UNION
            SELECT l.child_id, b.levels + 1 FROM below b
            JOIN group_links l ON l.tenant_id = :tenant_id AND l.parent_id = b.id
            WHERE b.levels < :deepest
        )
        SELECT COUNT(*) AS looked, COALESCE(MAX(n.levels), 0) AS levels FROM (SELECT levels FROM below LIMIT :most) n
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        deepest=deepest,
        most=most,
    )
    return found or Below(0, 0)


async def list_ids_of_user(read: Read, tenant_id: TenantId, user_id: UserId, most: int) -> list[GroupId]:
    """Live groups that the user is admin or member of, by name."""
    return await read.all(
        GroupId,
        """
        SELECT g.id FROM group_members m
        JOIN groups g ON g.tenant_id = :tenant_id AND g.id = m.group_id AND g.deleted_at IS NULL
        WHERE m.tenant_id = :tenant_id AND m.user_id = :user_id AND m.role <> 'subscriber'
        ORDER BY g.name_key, g.id LIMIT :most
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        most=most,
    )


async def list_ids_below(read: Read, tenant_id: TenantId, group_id: GroupId, most: int) -> list[GroupId]:
    """A live group and the live ones below it, by name."""
    return await read.all(
        GroupId,
        """
        WITH RECURSIVE reached(id) AS (
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND g.id = :group_id AND g.deleted_at IS NULL
            UNION
            SELECT g.id FROM reached r
            JOIN group_links l ON l.tenant_id = :tenant_id AND l.parent_id = r.id
            JOIN groups g ON g.tenant_id = :tenant_id AND g.id = l.child_id AND g.deleted_at IS NULL
        )
        SELECT g.id FROM (SELECT id FROM reached LIMIT :most) n
        CROSS JOIN groups g WHERE g.tenant_id = :tenant_id AND g.id = n.id
        ORDER BY g.name_key, g.id
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        most=most,
    )


async def list_ids_by_name(read: Read, tenant_id: TenantId, *, after: tuple[str, str], limit: int) -> list[NamedGroup]:
    """Live groups of the tenant after (`name_key`, id), in that order."""
    return await read.all(
        NamedGroup,
        """
        SELECT g.id, g.name_key FROM groups g
        WHERE g.tenant_id = :tenant_id AND g.deleted_at IS NULL AND (g.name_key, g.id) > (:key, :id)
        ORDER BY g.name_key, g.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        key=after[0],
        id=after[1],
        limit=limit,
    )
