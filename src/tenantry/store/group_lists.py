"""Groups, and who is in one, as people list and search them: a page at a time, by key.

A statement takes the rows whose key begins with `prefix` (lower case; empty: all) and come after `after`, which is
(key, id) of the last row before.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store.engine import Read

Position = tuple[str, str]

_LAST = "\U0010ffff"
"""Sorts after every character a key may hold."""


class ListedGroup(NamedTuple):
    """One line. `members` counts live users, admins among them; `own_role` is that of the user who asked."""

    id: GroupId
    name: str
    group_type: str
    own_role: str | None
    members: int
    sub_groups: int
    name_key: str


class GroupFacts(NamedTuple):
    """A group on its own page."""

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
    """A group above or below."""

    id: GroupId
    name: str


class ListedMember(NamedTuple):
    """One member. `number` is the best known phone; `verified_at` says whether and when it was proven."""

    user_id: UserId
    display_name: str
    user_principal_name: str
    user_type: str
    role: str
    number: str | None
    verified_at: int | None
    display_key: str


_GROUP_COLUMNS = """
        SELECT g.id, g.name, g.group_type, own.role AS own_role,
               (SELECT COUNT(*) FROM group_members m
                JOIN users u ON u.tenant_id = :tenant_id AND u.id = m.user_id AND u.soft_deleted_at IS NULL
                WHERE m.tenant_id = :tenant_id AND m.group_id = g.id AND m.role <> 'subscriber') AS members,
               (SELECT COUNT(*) FROM group_links l
                JOIN groups c ON c.tenant_id = :tenant_id AND c.id = l.child_id AND c.deleted_at IS NULL
                WHERE l.tenant_id = :tenant_id AND l.parent_id = g.id) AS sub_groups,
               g.name_key
        FROM groups g
        LEFT JOIN group_members own
               ON own.tenant_id = :tenant_id AND own.group_id = g.id AND own.user_id = :asking_user_id
        WHERE g.tenant_id = :tenant_id AND g.deleted_at IS NULL
          AND (g.name_key, g.id) > (:key, :id) AND g.name_key < :beyond
"""


async def by_name(
    read: Read, tenant_id: TenantId, asking_user_id: UserId, *, prefix: str, after: Position | None, limit: int
) -> list[ListedGroup]:
    """Every live group, by name."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedGroup,
        _GROUP_COLUMNS + "ORDER BY g.name_key, g.id LIMIT :limit",
        tenant_id=tenant_id,
        asking_user_id=asking_user_id,
        key=key,
        id=row_id,
        beyond=prefix + _LAST,
        limit=limit,
    )


async def of_user_by_name(
    read: Read, tenant_id: TenantId, asking_user_id: UserId, *, prefix: str, after: Position | None, limit: int
) -> list[ListedGroup]:
    """Live groups that the user is admin or member of, by name."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedGroup,
        _GROUP_COLUMNS
        + """
          AND own.role <> 'subscriber'
        ORDER BY g.name_key, g.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        asking_user_id=asking_user_id,
        key=key,
        id=row_id,
        beyond=prefix + _LAST,
        limit=limit,
    )


async def find_facts(read: Read, tenant_id: TenantId, group_id: GroupId) -> GroupFacts | None:
    """A live group by primary key."""
    return await read.one_or_none(
        GroupFacts,
        """
        SELECT g.id, g.name, g.welcome_message, g.group_type, g.created_at, g.updated_at,
               COUNT(CASE WHEN m.role <> 'subscriber' THEN u.id END) AS members,
               COUNT(CASE WHEN m.role = 'admin' THEN u.id END) AS admins,
               COUNT(CASE WHEN m.role = 'subscriber' THEN u.id END) AS subscribers
        FROM groups g
        LEFT JOIN group_members m ON m.tenant_id = :tenant_id AND m.group_id = g.id
        LEFT JOIN users u ON u.tenant_id = :tenant_id AND u.id = m.user_id AND u.soft_deleted_at IS NULL
        WHERE g.tenant_id = :tenant_id AND g.id = :group_id AND g.deleted_at IS NULL
        GROUP BY g.id, g.name, g.welcome_message, g.group_type, g.created_at, g.updated_at
        """,
        tenant_id=tenant_id,
        group_id=group_id,
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


async def list_linkable(
    read: Read,
    tenant_id: TenantId,
    asking_user_id: UserId,
    parent_id: GroupId,
    *,
    everyones: bool,
    prefix: str,
    limit: int,
) -> list[RelatedGroup]:
    """Live groups that may become sub-groups of `parent_id`, by name: those the user administers, or `everyones`.

    Not itself, not what is right below, and not what is above: that would be a ring.
    """
    return await read.all(
        RelatedGroup,
        """
        WITH RECURSIVE above(id) AS (
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND g.id = :parent_id
            UNION
            SELECT l.parent_id FROM above a JOIN group_links l ON l.tenant_id = :tenant_id AND l.child_id = a.id
        )
        SELECT g.id, g.name FROM groups g
        LEFT JOIN group_members own
               ON own.tenant_id = :tenant_id AND own.group_id = g.id AND own.user_id = :asking_user_id
        WHERE g.tenant_id = :tenant_id AND g.deleted_at IS NULL AND (own.role = 'admin' OR :everyones = 1)
          AND g.name_key >= :prefix AND g.name_key < :beyond
          AND g.id NOT IN (SELECT id FROM above)
          AND NOT EXISTS (SELECT 1 FROM group_links l
                          WHERE l.tenant_id = :tenant_id AND l.parent_id = :parent_id AND l.child_id = g.id)
        ORDER BY g.name_key, g.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        asking_user_id=asking_user_id,
        parent_id=parent_id,
        everyones=int(everyones),
        prefix=prefix,
        beyond=prefix + _LAST,
        limit=limit,
    )


async def list_above(read: Read, tenant_id: TenantId, group_id: GroupId) -> list[GroupId]:
    """The ids of the group and of whatever it is a part of, however deep; of deleted ones too."""
    return await read.all(
        GroupId,
        """
        WITH RECURSIVE above(id) AS (
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND g.id = :group_id
            UNION
            SELECT l.parent_id FROM above a JOIN group_links l ON l.tenant_id = :tenant_id AND l.child_id = a.id
        )
        SELECT id FROM above ORDER BY id
        """,
        tenant_id=tenant_id,
        group_id=group_id,
    )


_MEMBER_COLUMNS = """
        SELECT u.id AS user_id, u.display_name, u.user_principal_name, u.user_type, m.role,
               (SELECT p.number FROM phones p WHERE p.tenant_id = :tenant_id AND p.user_id = u.id
                ORDER BY CASE WHEN p.verified_at IS NULL THEN 1 ELSE 0 END, p.number LIMIT 1) AS number,
               (SELECT MAX(p.verified_at) FROM phones p
                WHERE p.tenant_id = :tenant_id AND p.user_id = u.id) AS verified_at,
               u.display_key
        FROM group_members m
        JOIN users u ON u.tenant_id = :tenant_id AND u.id = m.user_id AND u.soft_deleted_at IS NULL
        WHERE m.tenant_id = :tenant_id AND m.group_id = :group_id
"""


async def list_admins(read: Read, tenant_id: TenantId, group_id: GroupId, limit: int) -> list[ListedMember]:
    """Live admins, by name."""
    return await read.all(
        ListedMember,
        _MEMBER_COLUMNS + "  AND m.role = 'admin' ORDER BY u.display_key, u.id LIMIT :limit",
        tenant_id=tenant_id,
        group_id=group_id,
        limit=limit,
    )


async def list_members(
    read: Read, tenant_id: TenantId, group_id: GroupId, *, prefix: str, after: Position | None, limit: int
) -> list[ListedMember]:
    """Live members, admins among them, by display name."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedMember,
        _MEMBER_COLUMNS
        + """
          AND m.role <> 'subscriber' AND (u.display_key, u.id) > (:key, :id) AND u.display_key < :beyond
        ORDER BY u.display_key, u.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        key=key,
        id=row_id,
        beyond=prefix + _LAST,
        limit=limit,
    )


async def find_member(read: Read, tenant_id: TenantId, group_id: GroupId, user_id: UserId) -> ListedMember | None:
    """An admin or member who is live."""
    return await read.one_or_none(
        ListedMember,
        _MEMBER_COLUMNS + "  AND m.role <> 'subscriber' AND m.user_id = :user_id",
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
    )


async def list_subscribers(
    read: Read, tenant_id: TenantId, group_id: GroupId, *, prefix: str, after: Position | None, limit: int
) -> list[ListedMember]:
    """Live subscribers, by display name."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedMember,
        _MEMBER_COLUMNS
        + """
          AND m.role = 'subscriber' AND (u.display_key, u.id) > (:key, :id) AND u.display_key < :beyond
        ORDER BY u.display_key, u.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        key=key,
        id=row_id,
        beyond=prefix + _LAST,
        limit=limit,
    )


async def list_subscribers_by_id(
    read: Read, tenant_id: TenantId, group_id: GroupId, *, after_id: str, limit: int
) -> list[ListedMember]:
    """Live subscribers after `after_id` (empty: from the beginning), by id."""
    return await read.all(
        ListedMember,
        _MEMBER_COLUMNS + "  AND m.role = 'subscriber' AND m.user_id > :after_id ORDER BY m.user_id LIMIT :limit",
        tenant_id=tenant_id,
        group_id=group_id,
        after_id=after_id,
        limit=limit,
    )


async def find_subscriber(read: Read, tenant_id: TenantId, group_id: GroupId, user_id: UserId) -> ListedMember | None:
    """A subscriber who is live."""
    return await read.one_or_none(
        ListedMember,
        _MEMBER_COLUMNS + "  AND m.role = 'subscriber' AND m.user_id = :user_id",
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
    )
