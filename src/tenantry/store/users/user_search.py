"""Users as people list and search them, by display name or by sign-in name, from a prefix on.

A statement reads the rows whose key begins with `prefix` (lower case; empty: all rows) and that come after `after`, the
(key, id) of the last row before. Each statement has an index with just its rows, so that a page costs the same at any
size. Only the holders of a role are all read and then sorted, since they are few.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position, beyond


class ListedUser(NamedTuple):
    """One line. `a_role` is one of the user's `roles` live directory roles; `devices` counts those that are
    provisioned.
    """

    id: UserId
    user_principal_name: str
    display_name: str
    disabled_at: int | None
    deleted_at: int | None
    last_sign_in_at: int | None
    roles: int
    a_role: str | None
    devices: int
    upn_key: str
    display_key: str


_COLUMNS = """
        SELECT u.id, u.user_principal_name, u.display_name, u.disabled_at, u.deleted_at, u.last_sign_in_at,
               (SELECT COUNT(*) FROM role_assignments a
                WHERE a.tenant_id = :tenant_id AND a.user_id = u.id
                  AND (a.expires_at IS NULL OR a.expires_at > :now)) AS roles,
               (SELECT MIN(a.role_id) FROM role_assignments a
                WHERE a.tenant_id = :tenant_id AND a.user_id = u.id
                  AND (a.expires_at IS NULL OR a.expires_at > :now)) AS a_role,
               (SELECT COALESCE(SUM(m.device_count), 0) FROM managed_accounts m
                WHERE m.tenant_id = :tenant_id AND m.user_id = u.id AND m.deleted_at IS NULL) AS devices,
               u.upn_key, u.display_key
"""
_MEMBERS = """
        FROM users u WHERE u.tenant_id = :tenant_id AND u.user_type = 'member'
"""
_HOLDERS = """
        WITH holders AS MATERIALIZED (
            SELECT h.user_id, (SELECT CASE WHEN n.user_type = 'member' AND n.deleted_at IS NULL
                                            AND ((n.display_key >= :prefix AND n.display_key < :beyond)
                                                 OR (n.upn_key >= :prefix AND n.upn_key < :beyond))
                                      THEN n.display_key END
                               FROM users n WHERE n.tenant_id = :tenant_id AND n.id = h.user_id) AS display_key
            FROM role_assignments h
            WHERE h.tenant_id = :tenant_id AND h.role_id = :role_id AND (h.expires_at IS NULL OR h.expires_at > :now)
        ), found AS MATERIALIZED (
            SELECT user_id, display_key FROM holders
            WHERE display_key IS NOT NULL AND (display_key, user_id) > (:key, :id)
            ORDER BY display_key, user_id LIMIT :limit
        )
"""
"""Each holder of a role is looked up by its key and by nothing else. A planner without statistics would take the index
of names for that, and read the whole index for every holder.
"""


async def by_display_name(
    read: Read, tenant_id: TenantId, now: Micros, *, prefix: str, after: Position | None, limit: int
) -> list[ListedUser]:
    """Users that are not deleted, by display name."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedUser,
        _COLUMNS
        + _MEMBERS
        + """
          AND u.deleted_at IS NULL AND (u.display_key, u.id) > (:key, :id) AND u.display_key < :beyond
        ORDER BY u.display_key, u.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        key=key,
        id=row_id,
        beyond=beyond(prefix),
        limit=limit,
    )


async def by_sign_in_name(
    read: Read, tenant_id: TenantId, now: Micros, *, prefix: str, after: Position | None, limit: int
) -> list[ListedUser]:
    """Users that are not deleted, by sign-in name, without those whom `by_display_name` finds."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedUser,
        _COLUMNS
        + _MEMBERS
        + """
          AND u.deleted_at IS NULL AND (u.upn_key, u.id) > (:key, :id) AND u.upn_key < :beyond
          AND NOT (u.display_key >= :prefix AND u.display_key < :beyond)
        ORDER BY u.upn_key, u.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        key=key,
        id=row_id,
        prefix=prefix,
        beyond=beyond(prefix),
        limit=limit,
    )


async def deleted_by_display_name(
    read: Read,
    tenant_id: TenantId,
    now: Micros,
    *,
    deleted_after: Micros,
    prefix: str,
    after: Position | None,
    limit: int,
) -> list[ListedUser]:
    """Users that were deleted after that instant, by display name."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedUser,
        _COLUMNS
        + _MEMBERS
        + """
          AND u.deleted_at IS NOT NULL AND u.deleted_at > :deleted_after
          AND (u.display_key, u.id) > (:key, :id) AND u.display_key < :beyond
        ORDER BY u.display_key, u.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        deleted_after=deleted_after,
        key=key,
        id=row_id,
        beyond=beyond(prefix),
        limit=limit,
    )


async def blocked_by_display_name(
    read: Read, tenant_id: TenantId, now: Micros, *, prefix: str, after: Position | None, limit: int
) -> list[ListedUser]:
    """Users that are blocked and not deleted, by display name."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedUser,
        _COLUMNS
        + _MEMBERS
        + """
          AND u.disabled_at IS NOT NULL AND u.deleted_at IS NULL
          AND (u.display_key, u.id) > (:key, :id) AND u.display_key < :beyond
        ORDER BY u.display_key, u.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        key=key,
        id=row_id,
        beyond=beyond(prefix),
        limit=limit,
    )


async def holders_by_display_name(
    read: Read, tenant_id: TenantId, now: Micros, *, role_id: str, prefix: str, after: Position | None, limit: int
) -> list[ListedUser]:
    """Users that are not deleted and hold the directory role, by display name. `prefix` is how either of their names
    begins.

    It costs what the role's holders cost, however many users there are.
    """
    key, row_id = after or ("", "")
    return await read.all(
        ListedUser,
        _HOLDERS
        + _COLUMNS
        + """
        FROM found f CROSS JOIN users u WHERE u.tenant_id = :tenant_id AND u.id = f.user_id
        ORDER BY f.display_key, f.user_id
        """,
        tenant_id=tenant_id,
        now=now,
        role_id=role_id,
        prefix=prefix,
        beyond=beyond(prefix),
        key=key,
        id=row_id,
        limit=limit,
    )
