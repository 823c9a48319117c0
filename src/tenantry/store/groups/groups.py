"""The `groups` table, and groups with counts of the people and groups in them.

SQLite keeps the order in which a CROSS JOIN is written. The statements write it, since SQLite cannot know that a walk
finds few groups.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId
from tenantry.core.normal_form import name_key
from tenantry.store.engine.interface import Read, Tx


class GroupRow(NamedTuple):
    """A group with its counts. `own_role` is the role of the user who asks; None when that user is not in it.

    Counts are of live users without subscribers. `seats` counts every membership of the group and of those below it,
    `users` counts each user once; `level_*` counts the group alone. A user without a verified phone is unprovisioned.
    `looked` is no fact of the group: it says at how many rows its statement looked.
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
    name_key: str
    looked: int


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
    """Give a live group this name and welcome message. Answers False when there is none."""
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
    """The type of a live group; None when there is none."""
    return await read.one_or_none(
        str,
        "SELECT group_type FROM groups WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL",
        tenant_id=tenant_id,
        id=group_id,
    )


async def lock(tx: Tx, tenant_id: TenantId, group_id: GroupId, now: Micros) -> bool:
    """Hold the group's row until the transaction ends, so that changes of its admins come one after the other. Answers
    False when there is no such live group.
    """
    changed = await tx.run(
        "UPDATE groups SET updated_at = :now WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL",
        tenant_id=tenant_id,
        id=group_id,
        now=now,
    )
    return changed == 1


async def list_by_ids(
    read: Read, tenant_id: TenantId, ids: str, *, asking_user_id: str, deepest: int, counted: int, most: int
) -> list[GroupRow]:
    """The live groups among `ids`, with their counts, by name.

    `ids` are GUIDs, one after the other with nothing between them. The groups right above and below are counted up to
    `counted`. To count people, the statement goes `deepest` levels down, and looks at no more than `most` groups and
    `most` memberships: a row says in `looked` at how many. Where that is `most`, the counts may be too low.
    """
    return await read.all(
        GroupRow,
        """
        WITH RECURSIVE wanted(id, rest) AS (
            SELECT SUBSTR(CAST(:ids AS TEXT), 1, 36), SUBSTR(CAST(:ids AS TEXT), 37)
            UNION ALL
            SELECT SUBSTR(rest, 1, 36), SUBSTR(rest, 37) FROM wanted WHERE rest <> ''
        ), tree(root_id, id, level) AS (
            SELECT id, id, 0 FROM wanted
            UNION
            SELECT t.root_id, g.id, t.level + 1 FROM tree t
            JOIN group_links l ON l.tenant_id = :tenant_id AND l.parent_id = t.id
            JOIN groups g ON g.tenant_id = :tenant_id AND g.id = l.child_id AND g.deleted_at IS NULL
            WHERE t.level < :deepest
        ), walked(root_id, id) AS MATERIALIZED (
            SELECT root_id, id FROM tree LIMIT :most
        ), branch(root_id, id) AS MATERIALIZED (
            SELECT DISTINCT root_id, id FROM walked
        ), seat(root_id, level, user_id, unprovisioned) AS MATERIALIZED (
            SELECT s.root_id, s.level, s.user_id,
                   CASE WHEN EXISTS (SELECT 1 FROM phones p WHERE p.tenant_id = :tenant_id
                                     AND p.user_id = s.user_id AND p.verified_at IS NOT NULL) THEN 0 ELSE 1 END
            FROM (SELECT t.root_id, CASE WHEN t.id = t.root_id THEN 1 ELSE 0 END AS level, m.user_id
                  FROM branch t CROSS JOIN group_members m
                  WHERE m.tenant_id = :tenant_id AND m.group_id = t.id AND m.role <> 'subscriber'
                    AND m.member_key IS NOT NULL LIMIT :most) s
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
               (SELECT COUNT(*) FROM (
                    SELECT 1 FROM group_links l
                    JOIN groups c ON c.tenant_id = :tenant_id AND c.id = l.child_id AND c.deleted_at IS NULL
                    WHERE l.tenant_id = :tenant_id AND l.parent_id = g.id LIMIT :counted) n) AS sub_groups,
               (SELECT COUNT(*) FROM (
                    SELECT 1 FROM group_links l
                    JOIN groups c ON c.tenant_id = :tenant_id AND c.id = l.parent_id AND c.deleted_at IS NULL
                    WHERE l.tenant_id = :tenant_id AND l.child_id = g.id LIMIT :counted) n) AS parents,
               g.name_key, looked.most AS looked
        FROM wanted w CROSS JOIN groups g
        CROSS JOIN (SELECT CASE WHEN s.n > b.n THEN s.n ELSE b.n END AS most
                    FROM (SELECT COUNT(*) AS n FROM walked) b CROSS JOIN (SELECT COUNT(*) AS n FROM seat) s) looked
        LEFT JOIN total t ON t.root_id = g.id
        LEFT JOIN group_members own
               ON own.tenant_id = :tenant_id AND own.group_id = g.id AND own.user_id = :asking_user_id
        WHERE g.tenant_id = :tenant_id AND g.id = w.id AND g.deleted_at IS NULL
        ORDER BY g.name_key, g.id
        """,
        tenant_id=tenant_id,
        ids=ids,
        asking_user_id=asking_user_id,
        deepest=deepest,
        counted=counted,
        most=most,
    )
