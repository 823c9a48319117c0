"""The `groups`, `group_members` and `group_links` tables.

In a CROSS JOIN SQLite keeps the order as written: it cannot know that a walk finds few groups.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId, UserId
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


class GroupLink(NamedTuple):
    parent_id: GroupId
    child_id: GroupId


class Membership(NamedTuple):
    group_id: GroupId
    role: str


class MemberRow(NamedTuple):
    """One member. `number` is the best known phone; `is_provisioned` is 1 when the user has a verified one."""

    user_id: UserId
    role: str
    display_name: str
    number: str | None
    is_provisioned: int


def name_key(name: str) -> str:
    """What lists of groups go by."""
    return name.strip().lower()


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


async def insert_link(tx: Tx, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId, now: Micros) -> bool:
    """Make `child_id` a sub-group of `parent_id`. False when it is one."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO group_links (tenant_id, parent_id, child_id, created_at)
        VALUES (:tenant_id, :parent_id, :child_id, :now)
        ON CONFLICT (tenant_id, parent_id, child_id) DO NOTHING RETURNING child_id
        """,
        tenant_id=tenant_id,
        parent_id=parent_id,
        child_id=child_id,
        now=now,
    )
    return row is not None


async def delete_link(tx: Tx, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId) -> bool:
    """False when `child_id` is no sub-group of `parent_id`."""
    changed = await tx.run(
        "DELETE FROM group_links WHERE tenant_id = :tenant_id AND parent_id = :parent_id AND child_id = :child_id",
        tenant_id=tenant_id,
        parent_id=parent_id,
        child_id=child_id,
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


async def list_links(
    read: Read, tenant_id: TenantId, *, all_groups: bool = False, of_user_id: str = "", group_id: str = ""
) -> list[GroupLink]:
    """Links whose parent is among all groups, the groups of a user, or is the one group or a descendant of it."""
    return await read.all(
        GroupLink,
        """
        WITH RECURSIVE parent(id) AS (
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND :all_groups = 1
            UNION
            SELECT m.group_id FROM group_members m WHERE m.tenant_id = :tenant_id AND m.user_id = :of_user_id
            UNION
            SELECT g.id FROM groups g WHERE g.tenant_id = :tenant_id AND g.id = :group_id
        ), reached(id) AS (
            SELECT id FROM parent
            UNION
            SELECT l.child_id FROM reached r JOIN group_links l ON l.tenant_id = :tenant_id AND l.parent_id = r.id
        )
        SELECT l.parent_id, l.child_id FROM reached r CROSS JOIN group_links l
        WHERE l.tenant_id = :tenant_id AND l.parent_id = r.id
        ORDER BY l.parent_id, l.child_id
        """,
        tenant_id=tenant_id,
        all_groups=int(all_groups),
        of_user_id=of_user_id,
        group_id=group_id,
    )


async def list_members(read: Read, tenant_id: TenantId, group_id: GroupId) -> list[MemberRow]:
    """Admins first, then by name; without subscribers and deleted users."""
    return await read.all(
        MemberRow,
        """
        SELECT m.user_id, m.role, u.display_name,
               (SELECT p.number FROM phones p WHERE p.tenant_id = :tenant_id AND p.user_id = m.user_id
                ORDER BY CASE WHEN p.verified_at IS NULL THEN 1 ELSE 0 END, p.number LIMIT 1) AS number,
               CASE WHEN EXISTS (SELECT 1 FROM phones p WHERE p.tenant_id = :tenant_id
                                 AND p.user_id = m.user_id AND p.verified_at IS NOT NULL)
                    THEN 1 ELSE 0 END AS is_provisioned
        FROM group_members m
        JOIN users u ON u.tenant_id = :tenant_id AND u.id = m.user_id AND u.soft_deleted_at IS NULL
        WHERE m.tenant_id = :tenant_id AND m.group_id = :group_id AND m.role <> 'subscriber'
        ORDER BY m.role, u.display_name, m.user_id
        """,
        tenant_id=tenant_id,
        group_id=group_id,
    )


async def find_role(read: Read, tenant_id: TenantId, group_id: GroupId, user_id: UserId) -> str | None:
    """The user's role in the group, None when not in it."""
    return await read.one_or_none(
        str,
        """
        SELECT role FROM group_members
        WHERE tenant_id = :tenant_id AND group_id = :group_id AND user_id = :user_id
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
    )


async def insert_member(
    tx: Tx, tenant_id: TenantId, group_id: GroupId, user_id: UserId, role: str, now: Micros
) -> bool:
    """False, and the role stays, when the user is in the group; but a subscriber becomes what more there is. False too
    when the user has been deleted.

    Keeps the user's row until the transaction ends, so that the membership has the name that the user has then.
    """
    member_key = await tx.one_or_none(
        str,
        """
        UPDATE users SET updated_at = updated_at
        WHERE tenant_id = :tenant_id AND id = :user_id AND soft_deleted_at IS NULL RETURNING display_key
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )
    if member_key is None:
        return False
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at, member_key)
        VALUES (:tenant_id, :group_id, :user_id, :role, :now, :member_key)
        ON CONFLICT (tenant_id, group_id, user_id) DO UPDATE SET role = excluded.role, added_at = excluded.added_at
        WHERE group_members.role = 'subscriber' AND excluded.role <> 'subscriber' RETURNING user_id
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
        role=role,
        now=now,
        member_key=member_key,
    )
    return row is not None


async def set_member_role(tx: Tx, tenant_id: TenantId, group_id: GroupId, user_id: UserId, role: str) -> bool:
    """False when the user is not in the group, or is its last live admin and would cease to be. Take `lock` first."""
    changed = await tx.run(
        """
        UPDATE group_members SET role = :role
        WHERE tenant_id = :tenant_id AND group_id = :group_id AND user_id = :user_id
          AND (:role = 'admin' OR role <> 'admin' OR EXISTS (
              SELECT 1 FROM group_members other
              JOIN users u ON u.tenant_id = :tenant_id AND u.id = other.user_id AND u.soft_deleted_at IS NULL
                AND u.disabled_at IS NULL
              WHERE other.tenant_id = :tenant_id AND other.group_id = :group_id AND other.role = 'admin'
                AND other.user_id <> :user_id))
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
        role=role,
    )
    return changed == 1


async def delete_member(tx: Tx, tenant_id: TenantId, group_id: GroupId, user_id: UserId) -> bool:
    """False when the user is not in the group, or is its last live admin. Take `lock` first."""
    changed = await tx.run(
        """
        DELETE FROM group_members
        WHERE tenant_id = :tenant_id AND group_id = :group_id AND user_id = :user_id
          AND (role <> 'admin' OR EXISTS (
              SELECT 1 FROM group_members other
              JOIN users u ON u.tenant_id = :tenant_id AND u.id = other.user_id AND u.soft_deleted_at IS NULL
                AND u.disabled_at IS NULL
              WHERE other.tenant_id = :tenant_id AND other.group_id = :group_id AND other.role = 'admin'
                AND other.user_id <> :user_id))
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
    )
    return changed == 1


async def delete_subscriber(tx: Tx, tenant_id: TenantId, group_id: GroupId, user_id: UserId) -> bool:
    """False when the user is not in the group, or is more than a subscriber."""
    changed = await tx.run(
        """
        DELETE FROM group_members
        WHERE tenant_id = :tenant_id AND group_id = :group_id AND user_id = :user_id AND role = 'subscriber'
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
    )
    return changed == 1


async def list_memberships(read: Read, tenant_id: TenantId, user_id: UserId) -> list[Membership]:
    """Every group the user is in, by id."""
    return await read.all(
        Membership,
        """
        SELECT group_id, role FROM group_members
        WHERE tenant_id = :tenant_id AND user_id = :user_id ORDER BY group_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def delete_memberships(tx: Tx, tenant_id: TenantId, user_id: UserId) -> None:
    """Take the user out of every group, admin or not."""
    await tx.run(
        "DELETE FROM group_members WHERE tenant_id = :tenant_id AND user_id = :user_id",
        tenant_id=tenant_id,
        user_id=user_id,
    )
