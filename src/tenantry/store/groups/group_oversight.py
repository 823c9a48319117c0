"""Who has rights in a group through the groups above it, and what of one person's has rights in it."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import GrantId, GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read


class Overseer(NamedTuple):
    """A live group above. `is_direct`: 1 when it is right above. `admins` and `tokens` (live ones, for it and those
    below it) are counted up to a limit; `admin_name` is one of the admins.
    """

    id: GroupId
    name: str
    is_direct: int
    admins: int
    admin_name: str | None
    tokens: int


class LinkNames(NamedTuple):
    parent: str
    child: str


async def list_overseers(
    read: Read, tenant_id: TenantId, group_id: GroupId, now: Micros, *, most: int, counted: int
) -> list[Overseer]:
    """The nearest `most` live groups above, those right above first."""
    return await read.all(
        Overseer,
        """
        WITH RECURSIVE above(id) AS (
            SELECT g.id FROM group_links l
            JOIN groups g ON g.tenant_id = :tenant_id AND g.id = l.parent_id AND g.deleted_at IS NULL
            WHERE l.tenant_id = :tenant_id AND l.child_id = :group_id
            UNION
            SELECT g.id FROM above a
            JOIN group_links l ON l.tenant_id = :tenant_id AND l.child_id = a.id
            JOIN groups g ON g.tenant_id = :tenant_id AND g.id = l.parent_id AND g.deleted_at IS NULL
        )
        SELECT g.id, g.name,
               CASE WHEN EXISTS (SELECT 1 FROM group_links d WHERE d.tenant_id = :tenant_id AND d.parent_id = g.id
                                 AND d.child_id = :group_id) THEN 1 ELSE 0 END AS is_direct,
               (SELECT COUNT(*) FROM (
                    SELECT 1 FROM group_members m WHERE m.tenant_id = :tenant_id AND m.group_id = g.id
                    AND m.role = 'admin' AND m.member_key IS NOT NULL LIMIT :counted) n) AS admins,
               (SELECT u.display_name FROM group_members m
                JOIN users u ON u.tenant_id = :tenant_id AND u.id = m.user_id
                WHERE m.tenant_id = :tenant_id AND m.group_id = g.id AND m.role = 'admin' AND m.member_key IS NOT NULL
                ORDER BY m.member_key, m.user_id LIMIT 1) AS admin_name,
               (SELECT COUNT(*) FROM (
                    SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.group_id = g.id
                    AND t.revoked_at IS NULL AND t.expires_at > :now LIMIT :counted) n) AS tokens
        FROM (SELECT id FROM above LIMIT :most) a CROSS JOIN groups g
        WHERE g.tenant_id = :tenant_id AND g.id = a.id
        ORDER BY 3 DESC, g.name_key, g.id
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        now=now,
        most=most,
        counted=counted,
    )


async def is_held_by(
    read: Read, tenant_id: TenantId, group_id: GroupId, user_id: UserId, now: Micros, *, most: int
) -> bool:
    """Whether the user is admin of the live group or of one of the nearest `most` groups above it, or gave a token for
    one of these.
    """
    found = await read.one_or_none(
        int,
        """
        WITH RECURSIVE above(id) AS (
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND g.id = :group_id AND g.deleted_at IS NULL
            UNION
            SELECT g.id FROM above a
            JOIN group_links l ON l.tenant_id = :tenant_id AND l.child_id = a.id
            JOIN groups g ON g.tenant_id = :tenant_id AND g.id = l.parent_id AND g.deleted_at IS NULL
        )
        SELECT COUNT(*) FROM (SELECT id FROM above LIMIT :most) a
        WHERE EXISTS (SELECT 1 FROM group_members m WHERE m.tenant_id = :tenant_id AND m.group_id = a.id
                      AND m.user_id = :user_id AND m.role = 'admin')
           OR EXISTS (SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.group_id = a.id
                      AND t.user_id = :user_id AND t.revoked_at IS NULL AND t.expires_at > :now)
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
        now=now,
        most=most,
    )
    return bool(found)


async def list_tokens_by(
    read: Read, tenant_id: TenantId, group_id: GroupId, user_id: UserId, now: Micros, limit: int
) -> list[GrantId]:
    """Live tokens for this group alone that the user gave."""
    return await read.all(
        GrantId,
        """
        SELECT t.id FROM grants t
        WHERE t.tenant_id = :tenant_id AND t.group_id = :group_id AND t.user_id = :user_id AND t.revoked_at IS NULL
          AND t.expires_at > :now ORDER BY t.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
        now=now,
        limit=limit,
    )


async def list_invitations_by(
    read: Read, tenant_id: TenantId, group_id: GroupId, user_id: UserId, now: Micros, limit: int
) -> list[str]:
    """The ids of live invite links into the group that the user made."""
    return await read.all(
        str,
        """
        SELECT i.id FROM group_invitations i
        WHERE i.tenant_id = :tenant_id AND i.group_id = :group_id AND i.created_by = :user_id AND i.ended_at IS NULL
          AND i.expires_at > :now ORDER BY i.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
        now=now,
        limit=limit,
    )


async def list_webhooks_by(
    read: Read, tenant_id: TenantId, group_id: GroupId, created_by: str, now: Micros, limit: int
) -> list[str]:
    """The ids of the group's live webhooks that `created_by` registered."""
    return await read.all(
        str,
        """
        SELECT w.id FROM webhooks w
        WHERE w.tenant_id = :tenant_id AND w.object_type = 'group' AND w.object_id = :group_id
          AND w.created_by = :created_by AND w.deleted_at IS NULL AND w.expires_at > :now ORDER BY w.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        created_by=created_by,
        now=now,
        limit=limit,
    )


async def find_link(read: Read, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId) -> LinkNames | None:
    """The names of the two groups of a link."""
    return await read.one_or_none(
        LinkNames,
        """
        SELECT p.name AS parent, c.name AS child FROM group_links l
        JOIN groups p ON p.tenant_id = :tenant_id AND p.id = l.parent_id AND p.deleted_at IS NULL
        JOIN groups c ON c.tenant_id = :tenant_id AND c.id = l.child_id AND c.deleted_at IS NULL
        WHERE l.tenant_id = :tenant_id AND l.parent_id = :parent_id AND l.child_id = :child_id
        """,
        tenant_id=tenant_id,
        parent_id=parent_id,
        child_id=child_id,
    )
