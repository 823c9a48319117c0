"""The `groups` table, and groups with the counts of what is in and below them.

In a CROSS JOIN SQLite keeps the order as written: it cannot know that a walk finds few groups.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId
from tenantry.core.normal_form import name_key
from tenantry.store.engine import Read, Tx


class GroupRow(NamedTuple):
    """A group with its counts. `own_role` is that of the user who asked, None when not in the group.

    Counts are of live users, subscribers left out. `seats` counts every membership of the group and its descendants,
    `users` each user once; `level_*` is the group alone. A user without a verified phone is unprovisioned.
    """

    id: GroupId
    name: str
    welcome_message: str
    group_type: str
    image_url: str | None
    own_role: str | None
    seats: int
    users: int
    unprovisioned: int
    level_users: int
    level_unprovisioned: int
    sub_groups: int
    parents: int


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    group_id: GroupId,
    *,
    name: str,
    welcome_message: str,
    group_type: str,
    image_url: str | None,
    background_url: str | None,
    short_description: str | None,
    long_description: str | None,
    created_by: str | None,
    now: Micros,
) -> None:
    await tx.run(
        """
        INSERT INTO groups (tenant_id, id, name, name_key, welcome_message, group_type, image_url, background_url,
                            short_description, long_description, created_by, created_at, updated_at)
        VALUES (:tenant_id, :id, :name, :name_key, :welcome_message, :group_type, :image_url, :background_url,
                :short_description, :long_description, :created_by, :now, :now)
        """,
        tenant_id=tenant_id,
        id=group_id,
        name=name,
        name_key=name_key(name),
        welcome_message=welcome_message,
        group_type=group_type,
        image_url=image_url,
        background_url=background_url,
        short_description=short_description,
        long_description=long_description,
        created_by=created_by,
        now=now,
    )


async def update(
    tx: Tx, tenant_id: TenantId, group_id: GroupId, *, name: str, welcome_message: str, now: Micros
) -> bool:
    """False when there is no such live group."""
    changed = await tx.run(
        """
        UPDATE groups SET name = :name, name_key = :name_key, welcome_message = :welcome_message, updated_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=group_id,
        name=name,
        name_key=name_key(name),
        welcome_message=welcome_message,
        now=now,
    )
    return changed == 1


async def find_type(read: Read, tenant_id: TenantId, group_id: GroupId) -> str | None:
    """What kind of group it is, None when there is no such live one."""
    return await read.one_or_none(
        str,
        "SELECT group_type FROM groups WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL",
        tenant_id=tenant_id,
        id=group_id,
    )


async def lock(tx: Tx, tenant_id: TenantId, group_id: GroupId, now: Micros) -> bool:
    """Take the group's row until the end of the transaction, so that changes of its admins come one after the other.

    False when there is no such live group.
    """
    changed = await tx.run(
        "UPDATE groups SET updated_at = :now WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL",
        tenant_id=tenant_id,
        id=group_id,
        now=now,
    )
    return changed == 1


async def list_reached(
    read: Read,
    tenant_id: TenantId,
    *,
    asking_user_id: str,
    all_groups: bool = False,
    of_user_id: str = "",
    group_id: str = "",
    descendants: bool = False,
) -> list[GroupRow]:
    """Live groups by name, with counts, in one statement however many they are.

    Chosen are all of the tenant, those `of_user_id` is admin or member of, or the one `group_id`; and their
    `descendants`.
    """
    return await read.all(
        GroupRow,
        """
        WITH RECURSIVE chosen(id) AS (
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND :all_groups = 1
            UNION
            SELECT m.group_id FROM group_members m
            WHERE m.tenant_id = :tenant_id AND m.user_id = :of_user_id AND m.role <> 'subscriber'
            UNION
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND g.id = :group_id
        ), reached(id) AS (
            SELECT g.id FROM chosen c JOIN groups g ON g.tenant_id = :tenant_id AND g.id = c.id
            WHERE g.deleted_at IS NULL
            UNION
            SELECT g.id FROM reached r
            JOIN group_links l ON l.tenant_id = :tenant_id AND l.parent_id = r.id
            JOIN groups g ON g.tenant_id = :tenant_id AND g.id = l.child_id AND g.deleted_at IS NULL
            WHERE :descendants = 1
        ), tree(root_id, id) AS (
            SELECT id, id FROM reached
            UNION
            SELECT t.root_id, g.id FROM tree t
            JOIN group_links l ON l.tenant_id = :tenant_id AND l.parent_id = t.id
            JOIN groups g ON g.tenant_id = :tenant_id AND g.id = l.child_id AND g.deleted_at IS NULL
        ), seat(root_id, level, user_id, unprovisioned) AS (
            SELECT t.root_id, CASE WHEN t.id = t.root_id THEN 1 ELSE 0 END, m.user_id,
                   CASE WHEN EXISTS (SELECT 1 FROM phones p WHERE p.tenant_id = :tenant_id
                                     AND p.user_id = m.user_id AND p.verified_at IS NOT NULL) THEN 0 ELSE 1 END
            FROM tree t CROSS JOIN group_members m
            WHERE m.tenant_id = :tenant_id AND m.group_id = t.id AND m.role <> 'subscriber'
              AND m.member_key IS NOT NULL
        ), total(root_id, seats, users, unprovisioned, level_users, level_unprovisioned) AS (
            SELECT root_id, COUNT(*), COUNT(DISTINCT user_id),
                   COUNT(DISTINCT CASE WHEN unprovisioned = 1 THEN user_id END),
                   SUM(level), SUM(level * unprovisioned)
            FROM seat GROUP BY root_id
        )
        SELECT g.id, g.name, g.welcome_message, g.group_type, g.image_url, own.role AS own_role,
               COALESCE(t.seats, 0) AS seats, COALESCE(t.users, 0) AS users,
               COALESCE(t.unprovisioned, 0) AS unprovisioned, COALESCE(t.level_users, 0) AS level_users,
               COALESCE(t.level_unprovisioned, 0) AS level_unprovisioned,
               (SELECT COUNT(*) FROM group_links l
                JOIN groups c ON c.tenant_id = :tenant_id AND c.id = l.child_id AND c.deleted_at IS NULL
                WHERE l.tenant_id = :tenant_id AND l.parent_id = g.id) AS sub_groups,
               (SELECT COUNT(*) FROM group_links l
                JOIN groups c ON c.tenant_id = :tenant_id AND c.id = l.parent_id AND c.deleted_at IS NULL
                WHERE l.tenant_id = :tenant_id AND l.child_id = g.id) AS parents
        FROM reached r
        JOIN groups g ON g.tenant_id = :tenant_id AND g.id = r.id
        LEFT JOIN total t ON t.root_id = g.id
        LEFT JOIN group_members own
               ON own.tenant_id = :tenant_id AND own.group_id = g.id AND own.user_id = :asking_user_id
        ORDER BY g.name, g.id
        """,
        tenant_id=tenant_id,
        asking_user_id=asking_user_id,
        all_groups=int(all_groups),
        of_user_id=of_user_id,
        group_id=group_id,
        descendants=int(descendants),
    )
