"""Deleted groups: their rows stay for a time, with members and links, so that they can be restored."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class DeletedGroup(NamedTuple):
    """One row. `own_role` is the role in it of the user who asks; None when that user was not in it."""

    id: GroupId
    name: str
    own_role: str | None
    deleted_at: int


class WhatEnds(NamedTuple):
    """What a deletion ends, each counted up to `most`: people in the group, sub-groups, tokens for it, invite links,
    webhooks.
    """

    people: int
    sub_groups: int
    tokens: int
    links: int
    webhooks: int


async def delete(tx: Tx, tenant_id: TenantId, group_id: GroupId, now: Micros) -> str | None:
    """Mark a live group deleted. Answers its name; None when there is none."""
    return await tx.one_or_none(
        str,
        """
        UPDATE groups SET deleted_at = :now, updated_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL RETURNING name
        """,
        tenant_id=tenant_id,
        id=group_id,
        now=now,
    )


async def restore(tx: Tx, tenant_id: TenantId, group_id: GroupId, deleted_after: Micros, now: Micros) -> str | None:
    """Restore a group that was deleted after that instant. Answers its name; None when there is none."""
    return await tx.one_or_none(
        str,
        """
        UPDATE groups SET deleted_at = NULL, updated_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at > :deleted_after RETURNING name
        """,
        tenant_id=tenant_id,
        id=group_id,
        deleted_after=deleted_after,
        now=now,
    )


async def find(
    read: Read, tenant_id: TenantId, group_id: GroupId, asking_user_id: UserId, deleted_after: Micros
) -> DeletedGroup | None:
    """A group that was deleted after that instant."""
    return await read.one_or_none(
        DeletedGroup,
        """
        SELECT g.id, g.name, own.role AS own_role, g.deleted_at
        FROM groups g
        LEFT JOIN group_members own
               ON own.tenant_id = :tenant_id AND own.group_id = g.id AND own.user_id = :asking_user_id
        WHERE g.tenant_id = :tenant_id AND g.id = :group_id AND g.deleted_at > :deleted_after
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        asking_user_id=asking_user_id,
        deleted_after=deleted_after,
    )


async def list_latest(
    read: Read, tenant_id: TenantId, asking_user_id: UserId, *, everyones: bool, deleted_after: Micros, limit: int
) -> list[DeletedGroup]:
    """Groups that were deleted after that instant, the latest first: those that the user administered, or with
    `everyones` all.
    """
    return await read.all(
        DeletedGroup,
        """
        SELECT g.id, g.name, own.role AS own_role, g.deleted_at
        FROM groups g
        LEFT JOIN group_members own
               ON own.tenant_id = :tenant_id AND own.group_id = g.id AND own.user_id = :asking_user_id
        WHERE g.tenant_id = :tenant_id AND g.deleted_at > :deleted_after
          AND (own.role = 'admin' OR :everyones = 1)
        ORDER BY g.deleted_at DESC, g.id DESC LIMIT :limit
        """,
        tenant_id=tenant_id,
        asking_user_id=asking_user_id,
        deleted_after=deleted_after,
        everyones=int(everyones),
        limit=limit,
    )


async def count_what_ends(read: Read, tenant_id: TenantId, group_id: GroupId, now: Micros, most: int) -> WhatEnds:
    """Count what the deletion of the group would end. Each count stops at `most`."""
    found = await read.one_or_none(
        WhatEnds,
        """
        SELECT
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM group_members m
                WHERE m.tenant_id = :tenant_id AND m.group_id = :group_id AND m.member_key IS NOT NULL
                LIMIT :most) n) AS people,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM group_links l
                JOIN groups c ON c.tenant_id = :tenant_id AND c.id = l.child_id AND c.deleted_at IS NULL
                WHERE l.tenant_id = :tenant_id AND l.parent_id = :group_id LIMIT :most) n) AS sub_groups,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM grants t
                WHERE t.tenant_id = :tenant_id AND t.group_id = :group_id AND t.revoked_at IS NULL
                  AND t.expires_at > :now LIMIT :most) n) AS tokens,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM group_invitations i
                WHERE i.tenant_id = :tenant_id AND i.group_id = :group_id AND i.ended_at IS NULL
                  AND i.expires_at > :now LIMIT :most) n) AS links,
            (SELECT COUNT(*) FROM (
                SELECT 1 FROM webhooks w
                WHERE w.tenant_id = :tenant_id AND w.object_type = 'group' AND w.object_id = :group_id
                  AND w.deleted_at IS NULL AND w.expires_at > :now LIMIT :most) n) AS webhooks
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        now=now,
        most=most,
    )
    return found or WhatEnds(0, 0, 0, 0, 0)
