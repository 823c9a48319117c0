"""The `group_members` table: who is in which group, in which role."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class Membership(NamedTuple):
    group_id: GroupId
    role: str


_ANOTHER_ADMIN = """EXISTS (
              SELECT 1 FROM group_members other
              JOIN users u ON u.tenant_id = :tenant_id AND u.id = other.user_id AND u.deleted_at IS NULL
                AND u.disabled_at IS NULL
              WHERE other.tenant_id = :tenant_id AND other.group_id = :group_id AND other.role = 'admin'
                AND other.user_id <> :user_id)"""
"""A condition: the group has a live admin besides the user."""


async def find_role(read: Read, tenant_id: TenantId, group_id: GroupId, user_id: UserId) -> str | None:
    """The user's role in the group; None when the user is not in it."""
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


async def insert(tx: Tx, tenant_id: TenantId, group_id: GroupId, user_id: UserId, role: str, now: Micros) -> bool:
    """Add the user to the group. A subscriber becomes a member or an admin, if `role` is that. Answers False, and
    leaves the role, when the user is in the group otherwise; also when the user has been deleted.

    It holds the user's row until the transaction ends, so that the membership has the name that the user has then.
    """
    member_key = await _hold(tx, tenant_id, user_id)
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


async def _hold(tx: Tx, tenant_id: TenantId, user_id: UserId) -> str | None:
    """Hold the user's row until the transaction ends, and answer the key under which lists have the user; None for one
    who is deleted.
    """
    return await tx.one_or_none(
        str,
        """
        UPDATE users SET updated_at = updated_at
        WHERE tenant_id = :tenant_id AND id = :user_id AND deleted_at IS NULL RETURNING display_key
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def set_role(tx: Tx, tenant_id: TenantId, group_id: GroupId, user_id: UserId, role: str) -> bool:
    """Give a person in the group this role. Answers False when the user is not in the group, or is its last live admin
    and would be none. Take `groups.lock` first.
    """
    changed = await tx.run(
        f"""
        UPDATE group_members SET role = :role
        WHERE tenant_id = :tenant_id AND group_id = :group_id AND user_id = :user_id
          AND (:role = 'admin' OR role <> 'admin' OR {_ANOTHER_ADMIN})
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
        role=role,
    )
    return changed == 1


async def delete(tx: Tx, tenant_id: TenantId, group_id: GroupId, user_id: UserId) -> bool:
    """Take a person out of the group. Answers False when the user is not in it, or is its last live admin. Take
    `groups.lock` first.
    """
    changed = await tx.run(
        f"""
        DELETE FROM group_members
        WHERE tenant_id = :tenant_id AND group_id = :group_id AND user_id = :user_id
          AND (role <> 'admin' OR {_ANOTHER_ADMIN})
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        user_id=user_id,
    )
    return changed == 1


async def delete_subscriber(tx: Tx, tenant_id: TenantId, group_id: GroupId, user_id: UserId) -> bool:
    """Take a subscriber out of the group. Answers False when the user is not in it, or is more than a subscriber."""
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


async def take_over(tx: Tx, tenant_id: TenantId, guest_id: UserId, user_id: UserId, now: Micros) -> list[Membership]:
    """Add the user to every group that the guest is in, in the guest's role. Answers the groups that the user was not
    in before. A subscriber becomes what the guest is; `raise_like` does the rest.

    It holds the user's row until the transaction ends, as `insert` does.
    """
    return await tx.all(
        Membership,
        """
        INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at, member_key)
        SELECT m.tenant_id, m.group_id, CAST(:user_id AS TEXT), m.role, CAST(:now AS BIGINT),
               CAST(:member_key AS TEXT)
        FROM group_members m WHERE m.tenant_id = :tenant_id AND m.user_id = :guest_id
        ON CONFLICT (tenant_id, group_id, user_id) DO UPDATE SET role = excluded.role, added_at = excluded.added_at
        WHERE group_members.role = 'subscriber' AND excluded.role <> 'subscriber'
        RETURNING group_id, role
        """,
        tenant_id=tenant_id,
        guest_id=guest_id,
        user_id=user_id,
        now=now,
        member_key=await _hold(tx, tenant_id, user_id),
    )


async def raise_like(tx: Tx, tenant_id: TenantId, guest_id: UserId, user_id: UserId) -> list[GroupId]:
    """Make the user admin of the groups where the guest is admin and the user a member. Answers which groups."""
    return await tx.all(
        GroupId,
        """
        UPDATE group_members SET role = 'admin'
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND role = 'member' AND EXISTS (
            SELECT 1 FROM group_members g
            WHERE g.tenant_id = :tenant_id AND g.user_id = :guest_id AND g.group_id = group_members.group_id
              AND g.role = 'admin')
        RETURNING group_id
        """,
        tenant_id=tenant_id,
        guest_id=guest_id,
        user_id=user_id,
    )
