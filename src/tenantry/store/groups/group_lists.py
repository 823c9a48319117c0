"""Groups as people list and search them: a page at a time, by key.

A statement reads the rows whose key begins with `prefix` (lower case; empty: all rows) and that come after `after`, the
(key, id) of the last row before. Counts stop at COUNTED.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position, beyond

COUNTED = 1_000


class ListedGroup(NamedTuple):
    """One line. `members` counts users that are not deleted, admins among them; `own_role` is that of the user who
    asks.
    """

    id: GroupId
    name: str
    group_type: str
    own_role: str | None
    members: int
    sub_groups: int
    name_key: str


class GroupFacts(NamedTuple):
    """A group as its own page shows it."""

    id: GroupId
    name: str
    welcome_message: str
    group_type: str
    created_at: int
    updated_at: int
    members: int
    admins: int
    subscribers: int


class RelatedGroup(NamedTuple):
    """A group right above or right below."""

    id: GroupId
    name: str


_OWN = """
        WITH own AS MATERIALIZED (
            SELECT m.group_id, m.role FROM group_members m
            JOIN groups n ON n.tenant_id = :tenant_id AND n.id = m.group_id AND n.deleted_at IS NULL
            WHERE m.tenant_id = :tenant_id AND m.user_id = :asking_user_id AND m.role <> 'subscriber'
              AND (n.name_key, n.id) > (:key, :id) AND n.name_key < :beyond
            ORDER BY n.name_key, n.id LIMIT :limit
        )
"""
_COLUMNS = """
        SELECT g.id, g.name, g.group_type, own.role AS own_role,
               (SELECT COUNT(*) FROM (
                    SELECT 1 FROM group_members m
                    WHERE m.tenant_id = :tenant_id AND m.group_id = g.id AND m.role <> 'subscriber'
                      AND m.member_key IS NOT NULL LIMIT :most) n) AS members,
               (SELECT COUNT(*) FROM (
                    SELECT 1 FROM group_links l
                    JOIN groups c ON c.tenant_id = :tenant_id AND c.id = l.child_id AND c.deleted_at IS NULL
                    WHERE l.tenant_id = :tenant_id AND l.parent_id = g.id LIMIT :most) n) AS sub_groups,
               g.name_key
"""


async def by_name(
    read: Read, tenant_id: TenantId, asking_user_id: UserId, *, prefix: str, after: Position | None, limit: int
) -> list[ListedGroup]:
    """Every live group, by name."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedGroup,
        _COLUMNS
        + """
        FROM groups g
        LEFT JOIN group_members own
               ON own.tenant_id = :tenant_id AND own.group_id = g.id AND own.user_id = :asking_user_id
        WHERE g.tenant_id = :tenant_id AND g.deleted_at IS NULL
          AND (g.name_key, g.id) > (:key, :id) AND g.name_key < :beyond
        ORDER BY g.name_key, g.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        asking_user_id=asking_user_id,
        key=key,
        id=row_id,
        beyond=beyond(prefix),
        limit=limit,
        most=COUNTED,
    )


async def of_user_by_name(
    read: Read, tenant_id: TenantId, asking_user_id: UserId, *, prefix: str, after: Position | None, limit: int
) -> list[ListedGroup]:
    """Live groups that the user is admin or member of, by name. It costs what the user's groups cost, however many
    groups there are.
    """
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedGroup,
        _OWN
        + _COLUMNS
        + """
        FROM own JOIN groups g ON g.tenant_id = :tenant_id AND g.id = own.group_id
        ORDER BY g.name_key, g.id
        """,
        tenant_id=tenant_id,
        asking_user_id=asking_user_id,
        key=key,
        id=row_id,
        beyond=beyond(prefix),
        limit=limit,
        most=COUNTED,
    )


async def find_facts(read: Read, tenant_id: TenantId, group_id: GroupId) -> GroupFacts | None:
    """A live group."""
    return await read.one_or_none(
        GroupFacts,
        """
        SELECT g.id, g.name, g.welcome_message, g.group_type, g.created_at, g.updated_at,
               (SELECT COUNT(*) FROM (
                    SELECT 1 FROM group_members m
                    WHERE m.tenant_id = :tenant_id AND m.group_id = g.id AND m.role <> 'subscriber'
                      AND m.member_key IS NOT NULL LIMIT :most) n) AS members,
               (SELECT COUNT(*) FROM (
                    SELECT 1 FROM group_members m
                    WHERE m.tenant_id = :tenant_id AND m.group_id = g.id AND m.role = 'admin'
                      AND m.member_key IS NOT NULL LIMIT :most) n) AS admins,
               (SELECT COUNT(*) FROM (
                    SELECT 1 FROM group_members m
                    WHERE m.tenant_id = :tenant_id AND m.group_id = g.id AND m.role = 'subscriber'
                      AND m.member_key IS NOT NULL LIMIT :most) n) AS subscribers
        FROM groups g
        WHERE g.tenant_id = :tenant_id AND g.id = :group_id AND g.deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        most=COUNTED,
    )


async def list_sub_groups(read: Read, tenant_id: TenantId, group_id: GroupId, limit: int) -> list[RelatedGroup]:
    """The live groups right below, by name."""
    return await read.all(
        RelatedGroup,
        """
        SELECT g.id, g.name FROM group_links l
        JOIN groups g ON g.tenant_id = :tenant_id AND g.id = l.child_id AND g.deleted_at IS NULL
        WHERE l.tenant_id = :tenant_id AND l.parent_id = :group_id ORDER BY g.name_key, g.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        limit=limit,
    )


async def list_parents(read: Read, tenant_id: TenantId, group_id: GroupId, limit: int) -> list[RelatedGroup]:
    """The live groups right above, by name."""
    return await read.all(
        RelatedGroup,
        """
        SELECT g.id, g.name FROM group_links l
        JOIN groups g ON g.tenant_id = :tenant_id AND g.id = l.parent_id AND g.deleted_at IS NULL
        WHERE l.tenant_id = :tenant_id AND l.child_id = :group_id ORDER BY g.name_key, g.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        limit=limit,
    )


async def list_joined_neighbours(read: Read, tenant_id: TenantId, group_id: GroupId, user_id: UserId) -> list[GroupId]:
    """Those of the groups right above and right below that the user is a member or an admin of."""
    return await read.all(
        GroupId,
        """
        SELECT m.group_id FROM group_links l
        JOIN group_members m ON m.tenant_id = :tenant_id AND m.group_id = l.child_id AND m.user_id = :user_id
        WHERE l.tenant_id = :tenant_id AND l.parent_id = :group_id AND m.role IN ('member', 'admin')
        UNION
        SELECT m.group_id FROM group_links l
        JOIN group_members m ON m.tenant_id = :tenant_id AND m.group_id = l.parent_id AND m.user_id = :user_id
        WHERE l.tenant_id = :tenant_id AND l.child_id = :group_id AND m.role IN ('member', 'admin')
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
    )


_ABOVE = """
        WITH RECURSIVE walk(id) AS (
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND g.id = :group_id
            UNION
            SELECT l.parent_id FROM walk a JOIN group_links l ON l.tenant_id = :tenant_id AND l.child_id = a.id
        ), above(id) AS MATERIALIZED (
            SELECT id FROM walk LIMIT :most
        )
"""
"""The group and those above it, the nearest first; deleted ones too."""
_LINKABLE = """
          AND g.deleted_at IS NULL AND g.name_key >= :prefix AND g.name_key < :beyond
          AND g.id NOT IN (SELECT id FROM above)
          AND NOT EXISTS (SELECT 1 FROM group_links l
                          WHERE l.tenant_id = :tenant_id AND l.parent_id = :group_id AND l.child_id = g.id)
        ORDER BY g.name_key, g.id LIMIT :limit
"""


async def list_linkable(
    read: Read, tenant_id: TenantId, parent_id: GroupId, *, prefix: str, limit: int
) -> list[RelatedGroup]:
    """Live groups that may become sub-groups of `parent_id`, by name: not the group itself, not those right below it,
    and not those above it, which would make a ring.
    """
    return await read.all(
        RelatedGroup,
        _ABOVE
        + """
        SELECT g.id, g.name FROM groups g WHERE g.tenant_id = :tenant_id
        """
        + _LINKABLE,
        tenant_id=tenant_id,
        group_id=parent_id,
        prefix=prefix,
        beyond=beyond(prefix),
        most=COUNTED,
        limit=limit,
    )


async def list_linkable_by(
    read: Read, tenant_id: TenantId, admin_id: UserId, parent_id: GroupId, *, prefix: str, limit: int
) -> list[RelatedGroup]:
    """As `list_linkable`, but only groups that the user administers."""
    return await read.all(
        RelatedGroup,
        _ABOVE
        + """
        SELECT g.id, g.name FROM group_members own JOIN groups g ON g.tenant_id = :tenant_id AND g.id = own.group_id
        WHERE own.tenant_id = :tenant_id AND own.user_id = :admin_id AND own.role = 'admin'
        """
        + _LINKABLE,
        tenant_id=tenant_id,
        admin_id=admin_id,
        group_id=parent_id,
        prefix=prefix,
        beyond=beyond(prefix),
        most=COUNTED,
        limit=limit,
    )
