"""Finds and deletes the rows of users and groups that were deleted so long ago that nobody can restore them.

Deleted rows have indexes of their own, which are read across tenants, some rows at a time: the cost depends on what was
deleted lately, not on the number of users, groups or tenants. Only housekeeping may read across tenants.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx, Writes


class _Rows(NamedTuple):
    table: str
    deleted_at: str


class Table(_Rows, Enum):
    """The tables whose rows are kept for a time after their deletion."""

    USERS = _Rows("users", "deleted_at")
    GROUPS = _Rows("groups", "deleted_at")


class _Below(NamedTuple):
    table: str
    owner: str
    key: str


class Below(_Below, Enum):
    """Rows that are deleted with a group or a user, which can have very many of them. `key` is the other column of
    their primary key.
    """

    MEMBERS = _Below("group_members", "group_id", "user_id")
    SUB_GROUPS = _Below("group_links", "parent_id", "child_id")
    GROUPS_ABOVE = _Below("group_links", "child_id", "parent_id")
    PLACES = _Below("group_members", "user_id", "group_id")
    SESSIONS = _Below("sessions", "user_id", "session_hash")
    NOTICES = _Below("sign_in_notices", "user_id", "id")


BELOW = {
    Table.GROUPS: (Below.MEMBERS, Below.SUB_GROUPS, Below.GROUPS_ABOVE),
    Table.USERS: (Below.PLACES, Below.SESSIONS, Below.NOTICES),
}


class DeletedUser(NamedTuple):
    """A deleted user, and its place in the order of the index."""

    tenant_id: TenantId
    id: str
    deleted_at: int


class DeletedGroup(NamedTuple):
    """A deleted group, and its place in the order of the index."""

    tenant_id: TenantId
    deleted_at: int
    id: str


FIRST_USER = DeletedUser(TenantId(""), "", 0)
FIRST_GROUP = DeletedGroup(TenantId(""), 0, "")
"""Positions that sort before every other."""


async def list_users(read: Read, after: DeletedUser, limit: int) -> list[DeletedUser]:
    """At most `limit` deleted users behind this one, of every tenant."""
    return await read.all(
        DeletedUser,
        """
        SELECT tenant_id, id, deleted_at FROM users
        WHERE deleted_at IS NOT NULL AND (tenant_id, id) > (:after_tenant_id, :id)
        ORDER BY tenant_id, id LIMIT :limit
        """,
        after_tenant_id=after.tenant_id,
        id=after.id,
        limit=limit,
    )


async def list_groups(read: Read, after: DeletedGroup, limit: int) -> list[DeletedGroup]:
    """At most `limit` deleted groups behind this one, of every tenant."""
    return await read.all(
        DeletedGroup,
        """
        SELECT tenant_id, deleted_at, id FROM groups
        WHERE deleted_at IS NOT NULL AND (tenant_id, deleted_at, id) > (:after_tenant_id, :deleted_at, :id)
        ORDER BY tenant_id, deleted_at, id LIMIT :limit
        """,
        after_tenant_id=after.tenant_id,
        deleted_at=after.deleted_at,
        id=after.id,
        limit=limit,
    )


async def has_more(read: Read, below: Below, tenant_id: TenantId, row_id: str, than: int) -> bool:
    """Whether more rows than this many are deleted with the row of this id."""
    [found] = await read.all(
        int,
        f"""
        SELECT COUNT(*) FROM (
            SELECT 1 FROM {below.table} WHERE tenant_id = :tenant_id AND {below.owner} = :id LIMIT :than + 1) n
        """,
        tenant_id=tenant_id,
        id=row_id,
        than=than,
    )
    return found > than


async def end_restoration(store: Writes, table: Table, tenant_id: TenantId, row_id: str, deleted_until: Micros) -> bool:
    """Make the row impossible to restore, whatever the clock of another server says. Answers False when it was
    restored.
    """
    changed = await store.run(
        f"""
        UPDATE {table.table} SET {table.deleted_at} = 1
        WHERE tenant_id = :tenant_id AND id = :id AND {table.deleted_at} <= :deleted_until
        """,
        tenant_id=tenant_id,
        id=row_id,
        deleted_until=deleted_until,
    )
    return changed == 1


async def delete_some(store: Writes, below: Below, tenant_id: TenantId, row_id: str, limit: int) -> int:
    """Delete at most `limit` of the rows that are deleted with this one. Answers how many."""
    return await store.run(
        f"""
        DELETE FROM {below.table}
        WHERE tenant_id = :tenant_id AND {below.owner} = :id AND {below.key} IN (
            SELECT {below.key} FROM {below.table} WHERE tenant_id = :tenant_id AND {below.owner} = :id LIMIT :limit
        )
        """,
        tenant_id=tenant_id,
        id=row_id,
        limit=limit,
    )


async def delete(tx: Tx, table: Table, tenant_id: TenantId, row_id: str, deleted_until: Micros) -> bool:
    """Delete a row that was marked deleted at `deleted_until` or before; the tables' rules delete all that belongs to
    it alone. Answers False when there is none.
    """
    changed = await tx.run(
        f"DELETE FROM {table.table} WHERE tenant_id = :tenant_id AND id = :id AND {table.deleted_at} <= :deleted_until",
        tenant_id=tenant_id,
        id=row_id,
        deleted_until=deleted_until,
    )
    return changed == 1


async def count_grants(read: Read, tenant_id: TenantId, user_id: UserId, most: int) -> int:
    """How many grants the user has given, ended ones included, counted up to `most`."""
    [found] = await read.all(
        int,
        """
        SELECT COUNT(*) FROM (
            SELECT 1 FROM grants WHERE tenant_id = :tenant_id AND user_id = :user_id LIMIT :most) n
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        most=most,
    )
    return found


_SOME_OF_USER = "SELECT id FROM grants WHERE tenant_id = :tenant_id AND user_id = :user_id ORDER BY id LIMIT :most"


async def delete_grants(tx: Tx, tenant_id: TenantId, user_id: UserId, most: int) -> int:
    """Delete at most this many grants of the user, with their refresh tokens. Answers how many."""
    await tx.run(
        f"DELETE FROM refresh_tokens WHERE tenant_id = :tenant_id AND grant_id IN ({_SOME_OF_USER})",
        tenant_id=tenant_id,
        user_id=user_id,
        most=most,
    )
    return await tx.run(
        f"DELETE FROM grants WHERE tenant_id = :tenant_id AND id IN ({_SOME_OF_USER})",
        tenant_id=tenant_id,
        user_id=user_id,
        most=most,
    )
