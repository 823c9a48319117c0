"""Grants as people see them: which user gave which connector what, and which groups a token opens. Each function is one
statement.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId, GrantId, GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read

COUNTED = 10_000


class GrantRow(NamedTuple):
    """A live grant, with present names. `connector_owner` is who registered the connector. `last_used_at` is the last
    use of its refresh tokens, to the hour.
    """

    id: GrantId
    connector_id: ConnectorId
    connector_name: str
    connector_owner: str | None
    user_id: UserId
    user_name: str
    reach: str
    group_id: GroupId | None
    group_name: str | None
    permissions: str
    created_at: int
    expires_at: int
    last_used_at: int | None


class ReachedGroup(NamedTuple):
    """A group, the role in which the token acts there, and how many groups there are in all, counted up to COUNTED."""

    id: GroupId
    name: str
    role: str
    of_all: int


_COLUMNS = """
        SELECT t.id, t.connector_id, c.name AS connector_name, c.created_by AS connector_owner, t.user_id,
               u.display_name AS user_name, t.reach, t.group_id, g.name AS group_name, t.permissions, t.created_at,
               t.expires_at,
               (SELECT MAX(r.last_used_at) FROM refresh_tokens r
                WHERE r.tenant_id = :tenant_id AND r.grant_id = t.id) AS last_used_at
"""


async def find_live(read: Read, tenant_id: TenantId, grant_id: GrantId, now: Micros) -> GrantRow | None:
    """A grant that is neither revoked nor expired, of a connector that is not deleted."""
    return await read.one_or_none(
        GrantRow,
        _COLUMNS
        + """
        FROM grants t
        JOIN connectors c ON c.id = t.connector_id AND c.tenant_id = :tenant_id AND c.deleted_at IS NULL
        JOIN users u ON u.tenant_id = :tenant_id AND u.id = t.user_id
        LEFT JOIN groups g ON g.tenant_id = :tenant_id AND g.id = t.group_id
        WHERE t.tenant_id = :tenant_id AND t.id = :grant_id AND t.revoked_at IS NULL AND t.expires_at > :now
        """,
        tenant_id=tenant_id,
        grant_id=grant_id,
        now=now,
    )


async def list_live_of_connector(
    read: Read, tenant_id: TenantId, connector_id: ConnectorId, now: Micros, *, after_id: str = "", limit: int
) -> list[GrantRow]:
    """At most `limit` live grants to the connector, by id, of users and groups that are not deleted."""
    return await read.all(
        GrantRow,
        _COLUMNS
        + """
        FROM grants t
        JOIN connectors c ON c.id = t.connector_id AND c.tenant_id = :tenant_id AND c.deleted_at IS NULL
        JOIN users u ON u.tenant_id = :tenant_id AND u.id = t.user_id AND u.deleted_at IS NULL
        LEFT JOIN groups g ON g.tenant_id = :tenant_id AND g.id = t.group_id
        WHERE t.tenant_id = :tenant_id AND t.connector_id = :connector_id AND t.revoked_at IS NULL
          AND t.expires_at > :now AND t.id > :after_id AND g.deleted_at IS NULL
        ORDER BY t.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        connector_id=connector_id,
        now=now,
        after_id=after_id,
        limit=limit,
    )


async def list_live_of_group(
    read: Read, tenant_id: TenantId, group_id: GroupId, now: Micros, *, limit: int
) -> list[GrantRow]:
    """At most `limit` live grants for this one group, by connector name."""
    return await read.all(
        GrantRow,
        _COLUMNS
        + """
        FROM grants t
        JOIN groups g ON g.tenant_id = :tenant_id AND g.id = t.group_id AND g.deleted_at IS NULL
        JOIN connectors c ON c.id = t.connector_id AND c.tenant_id = :tenant_id AND c.deleted_at IS NULL
        JOIN users u ON u.tenant_id = :tenant_id AND u.id = t.user_id AND u.deleted_at IS NULL
        WHERE t.tenant_id = :tenant_id AND t.group_id = :group_id AND t.revoked_at IS NULL AND t.expires_at > :now
        ORDER BY c.name, t.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        now=now,
        limit=limit,
    )


async def find_live_of_user(
    read: Read, tenant_id: TenantId, connector_id: ConnectorId, user_id: UserId, now: Micros
) -> GrantId | None:
    """The user's live grant to the connector for more than a single group, which a new one replaces."""
    return await read.one_or_none(
        GrantId,
        """
        SELECT MAX(id) FROM grants
        WHERE tenant_id = :tenant_id AND connector_id = :connector_id AND user_id = :user_id AND group_id IS NULL
          AND revoked_at IS NULL AND expires_at > :now
        HAVING COUNT(*) > 0
        """,
        tenant_id=tenant_id,
        connector_id=connector_id,
        user_id=user_id,
        now=now,
    )


async def list_reached_by_user(read: Read, tenant_id: TenantId, user_id: UserId, *, limit: int) -> list[ReachedGroup]:
    """The groups that a user's token opens: those that the user is in, those that the user administers first."""
    return await read.all(
        ReachedGroup,
        """
        SELECT n.id, n.name, n.role, COUNT(*) OVER () AS of_all
        FROM (SELECT g.id, g.name, m.role
              FROM group_members m
              JOIN groups g ON g.tenant_id = :tenant_id AND g.id = m.group_id AND g.deleted_at IS NULL
              WHERE m.tenant_id = :tenant_id AND m.user_id = :user_id LIMIT :most) n
        ORDER BY CASE n.role WHEN 'admin' THEN 0 WHEN 'member' THEN 1 ELSE 2 END, n.name, n.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        most=COUNTED,
        limit=limit,
    )


async def list_reached_by_tenant(read: Read, tenant_id: TenantId, *, limit: int) -> list[ReachedGroup]:
    """The groups that a token for the whole tenant opens: all of them, by name. `role` is what the token acts as."""
    return await read.all(
        ReachedGroup,
        """
        SELECT g.id, g.name, 'admin' AS role, (SELECT COUNT(*) FROM (
            SELECT 1 FROM groups a WHERE a.tenant_id = :tenant_id AND a.deleted_at IS NULL LIMIT :most) n) AS of_all
        FROM groups g WHERE g.tenant_id = :tenant_id AND g.deleted_at IS NULL
        ORDER BY g.name_key, g.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        most=COUNTED,
        limit=limit,
    )


async def list_reached_by_group(
    read: Read, tenant_id: TenantId, group_id: GroupId, *, limit: int
) -> list[ReachedGroup]:
    """The group itself, and then all below it by name. `role` is what the token acts as."""
    return await read.all(
        ReachedGroup,
        """
        WITH RECURSIVE reached(id) AS (
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND g.id = :group_id
            UNION
            SELECT l.child_id FROM reached r JOIN group_links l ON l.tenant_id = :tenant_id AND l.parent_id = r.id
            JOIN groups c ON c.tenant_id = :tenant_id AND c.id = l.child_id AND c.deleted_at IS NULL
        )
        SELECT g.id, g.name, 'admin' AS role, COUNT(*) OVER () AS of_all
        FROM (SELECT id FROM reached LIMIT :most) r CROSS JOIN groups g
        WHERE g.tenant_id = :tenant_id AND g.id = r.id AND g.deleted_at IS NULL
        ORDER BY CASE WHEN g.id = :group_id THEN 0 ELSE 1 END, g.name, g.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        most=COUNTED,
        limit=limit,
    )
