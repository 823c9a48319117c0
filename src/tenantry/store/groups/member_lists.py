"""The people in a group as people list and search them: a page at a time, by key.

A statement reads the rows whose key begins with `prefix` (lower case; empty: all rows) and that come after `after`, the
(key, id) of the last row before. Members and subscribers have an index each, in which deleted users have no key.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position, beyond


class ListedMember(NamedTuple):
    """One person. `number` is the best known phone; `verified_at` says whether and when it was proven."""

    user_id: UserId
    display_name: str
    user_principal_name: str
    user_type: str
    role: str
    number: str | None
    verified_at: int | None
    member_key: str


class _Standing(NamedTuple):
    condition: str


_COLUMNS = """
        SELECT u.id AS user_id, u.display_name, u.user_principal_name, u.user_type, m.role,
               (SELECT p.number FROM phones p WHERE p.tenant_id = :tenant_id AND p.user_id = u.id
                ORDER BY CASE WHEN p.verified_at IS NULL THEN 1 ELSE 0 END, p.number LIMIT 1) AS number,
               (SELECT MAX(p.verified_at) FROM phones p
                WHERE p.tenant_id = :tenant_id AND p.user_id = u.id) AS verified_at,
               m.member_key
        FROM group_members m
        JOIN users u ON u.tenant_id = :tenant_id AND u.id = m.user_id
        WHERE m.tenant_id = :tenant_id AND m.group_id = :group_id AND m.member_key IS NOT NULL
"""


class Standing(_Standing, Enum):
    """Whether somebody is a member of a group or a subscriber. Admins are members; `PLAIN` are members who are no
    admins.
    """

    MEMBER = _Standing("m.role <> 'subscriber'")
    ADMIN = _Standing("m.role = 'admin'")
    PLAIN = _Standing("m.role <> 'subscriber' AND m.role = 'member'")
    SUBSCRIBER = _Standing("m.role = 'subscriber'")


async def list_by_name(
    read: Read,
    tenant_id: TenantId,
    group_id: GroupId,
    standing: Standing,
    *,
    prefix: str,
    after: Position | None,
    limit: int,
) -> list[ListedMember]:
    """People in the group who are not deleted, by display name."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedMember,
        f"""
        {_COLUMNS}
          AND {standing.condition} AND (m.member_key, m.user_id) > (:key, :id) AND m.member_key < :beyond
        ORDER BY m.member_key, m.user_id LIMIT :limit
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        key=key,
        id=row_id,
        beyond=beyond(prefix),
        limit=limit,
    )


async def find(
    read: Read, tenant_id: TenantId, group_id: GroupId, standing: Standing, user_id: UserId
) -> ListedMember | None:
    """One person in the group who is not deleted."""
    return await read.one_or_none(
        ListedMember,
        f"{_COLUMNS} AND {standing.condition} AND m.user_id = :user_id",
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
    )


async def list_subscribers_by_id(
    read: Read, tenant_id: TenantId, group_id: GroupId, *, after_id: str, limit: int
) -> list[ListedMember]:
    """Live subscribers after `after_id` (empty: from the beginning), by id."""
    return await read.all(
        ListedMember,
        _COLUMNS + "  AND m.role = 'subscriber' AND m.user_id > :after_id ORDER BY m.user_id LIMIT :limit",
        tenant_id=tenant_id,
        group_id=group_id,
        after_id=after_id,
        limit=limit,
    )
