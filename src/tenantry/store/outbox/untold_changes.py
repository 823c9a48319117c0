"""The `untold_changes` table: changes of a user in many groups, of which not every webhook has been told yet."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class UntoldChange(NamedTuple):
    """One row. `id` sorts by time. `facts` is JSON, with what all of its events say. Webhooks of the groups up to
    `after_group_id` have been told.
    """

    id: str
    event_type: str
    user_id: UserId
    facts: str
    created_at: int
    after_group_id: str


class Place(NamedTuple):
    """A group that the user is a member or an admin of."""

    group_id: GroupId
    role: str


async def insert(tx: Tx, tenant_id: TenantId, change: UntoldChange) -> None:
    await tx.run(
        """
        INSERT INTO untold_changes (tenant_id, id, event_type, user_id, facts, created_at, after_group_id)
        VALUES (:tenant_id, :id, :event_type, :user_id, :facts, :created_at, :after_group_id)
        """,
        tenant_id=tenant_id,
        id=change.id,
        event_type=change.event_type,
        user_id=change.user_id,
        facts=change.facts,
        created_at=change.created_at,
        after_group_id=change.after_group_id,
    )


async def find_first(read: Read, tenant_id: TenantId) -> UntoldChange | None:
    """The oldest row of the tenant."""
    return await read.one_or_none(
        UntoldChange,
        """
        SELECT id, event_type, user_id, facts, created_at, after_group_id FROM untold_changes
        WHERE tenant_id = :tenant_id ORDER BY id LIMIT 1
        """,
        tenant_id=tenant_id,
    )


async def advance(tx: Tx, tenant_id: TenantId, change: UntoldChange, after_group_id: str) -> bool:
    """Let the caller alone tell the webhooks of the groups up to this one. Answers False when another caller has."""
    changed = await tx.run(
        """
        UPDATE untold_changes SET after_group_id = :after_group_id
        WHERE tenant_id = :tenant_id AND id = :id AND after_group_id = :before
        """,
        tenant_id=tenant_id,
        id=change.id,
        before=change.after_group_id,
        after_group_id=after_group_id,
    )
    return changed == 1


async def finish(tx: Tx, tenant_id: TenantId, change: UntoldChange) -> bool:
    """Let the caller alone tell the webhooks of the groups that are left. Answers False when another caller has."""
    changed = await tx.run(
        "DELETE FROM untold_changes WHERE tenant_id = :tenant_id AND id = :id AND after_group_id = :before",
        tenant_id=tenant_id,
        id=change.id,
        before=change.after_group_id,
    )
    return changed == 1


async def list_places(
    read: Read, tenant_id: TenantId, user_id: UserId, *, since: Micros, at: Micros, after: str, limit: int
) -> list[Place]:
    """At most `limit` groups behind the id `after` that were live at the time `at`, and in which the user was then and
    has been since `since` or later. Subscribers do not count.
    """
    return await read.all(
        Place,
        """
        SELECT m.group_id, m.role FROM group_members m
        JOIN groups g ON g.tenant_id = :tenant_id AND g.id = m.group_id
             AND (g.deleted_at IS NULL OR g.deleted_at > :at)
        WHERE m.tenant_id = :tenant_id AND m.user_id = :user_id AND m.group_id > :after
          AND m.role <> 'subscriber' AND m.added_at >= :since AND m.added_at <= :at
        ORDER BY m.group_id LIMIT :limit
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        since=since,
        at=at,
        after=after,
        limit=limit,
    )
