"""The `group_invitations` table: links that let whoever has one into a group. The key is the link's hash."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class ListedInvitation(NamedTuple):
    """A link that has neither ended nor expired. `made_by` is the present display name of its maker, None for a user
    who is gone. `leads`: 1 while its maker is a live user; the domain adds whether that user may still make links.
    """

    id: str
    role: str
    created_by: UserId
    made_by: str | None
    created_at: int
    expires_at: int
    leads: int


class InvitationRow(NamedTuple):
    """A live link, and where it leads. `own_role` is the role in the group of the user who asks; None when that user is
    not in it.
    """

    id: str
    created_by: UserId
    group_id: GroupId
    group_name: str
    group_type: str
    tenant_name: str
    role: str
    own_role: str | None
    expires_at: int


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    invitation_hash: bytes,
    *,
    invitation_id: str,
    group_id: GroupId,
    role: str,
    created_by: UserId,
    expires_at: Micros,
    now: Micros,
) -> None:
    await tx.run(
        """
        INSERT INTO group_invitations (tenant_id, invitation_hash, id, group_id, role, created_by, created_at,
                                       expires_at)
        VALUES (:tenant_id, :invitation_hash, :id, :group_id, :role, :created_by, :now, :expires_at)
        """,
        tenant_id=tenant_id,
        invitation_hash=invitation_hash,
        id=invitation_id,
        group_id=group_id,
        role=role,
        created_by=created_by,
        expires_at=expires_at,
        now=now,
    )


async def list_live(
    read: Read, tenant_id: TenantId, group_id: GroupId, now: Micros, limit: int
) -> list[ListedInvitation]:
    """The group's links that have neither ended nor expired, newest first."""
    return await read.all(
        ListedInvitation,
        """
        SELECT i.id, i.role, i.created_by, u.display_name AS made_by, i.created_at, i.expires_at,
               CASE WHEN u.id IS NULL OR u.disabled_at IS NOT NULL OR u.deleted_at IS NOT NULL
                    THEN 0 ELSE 1 END AS leads
        FROM group_invitations i
        LEFT JOIN users u ON u.tenant_id = :tenant_id AND u.id = i.created_by
        WHERE i.tenant_id = :tenant_id AND i.group_id = :group_id AND i.ended_at IS NULL AND i.expires_at > :now
        ORDER BY i.created_at DESC, i.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        now=now,
        limit=limit,
    )


async def find_live(
    read: Read, tenant_id: TenantId, invitation_hash: bytes, asking_user_id: UserId, now: Micros
) -> InvitationRow | None:
    """The link; None when it ended or expired, when its group is deleted, or when its maker is disabled or gone."""
    return await read.one_or_none(
        InvitationRow,
        """
        SELECT i.id, i.created_by, i.group_id, g.name AS group_name, g.group_type, t.name AS tenant_name, i.role,
               own.role AS own_role, i.expires_at
        FROM group_invitations i
        JOIN groups g ON g.tenant_id = :tenant_id AND g.id = i.group_id AND g.deleted_at IS NULL
        JOIN tenants t ON t.id = :tenant_id
        JOIN users u ON u.tenant_id = :tenant_id AND u.id = i.created_by
             AND u.disabled_at IS NULL AND u.deleted_at IS NULL
        LEFT JOIN group_members own
               ON own.tenant_id = :tenant_id AND own.group_id = i.group_id AND own.user_id = :asking_user_id
        WHERE i.tenant_id = :tenant_id AND i.invitation_hash = :invitation_hash
          AND i.ended_at IS NULL AND i.expires_at > :now
        """,
        tenant_id=tenant_id,
        invitation_hash=invitation_hash,
        asking_user_id=asking_user_id,
        now=now,
    )


async def hold(tx: Tx, tenant_id: TenantId, invitation_hash: bytes, now: Micros) -> bool:
    """Keep the live link's row until the transaction ends, so that nobody can end it meanwhile. Answers False when it
    is not live.
    """
    changed = await tx.run(
        """
        UPDATE group_invitations SET expires_at = expires_at
        WHERE tenant_id = :tenant_id AND invitation_hash = :invitation_hash AND ended_at IS NULL AND expires_at > :now
        """,
        tenant_id=tenant_id,
        invitation_hash=invitation_hash,
        now=now,
    )
    return changed == 1


async def end(tx: Tx, tenant_id: TenantId, group_id: GroupId, invitation_id: str, now: Micros) -> bool:
    """End a link. Answers False when the group has no such live one."""
    changed = await tx.run(
        """
        UPDATE group_invitations SET ended_at = :now
        WHERE tenant_id = :tenant_id AND group_id = :group_id AND id = :id AND ended_at IS NULL AND expires_at > :now
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        id=invitation_id,
        now=now,
    )
    return changed == 1


async def end_of_group(tx: Tx, tenant_id: TenantId, group_id: GroupId, now: Micros) -> list[str]:
    """End every live link of the group. Answers their ids."""
    return await tx.all(
        str,
        """
        UPDATE group_invitations SET ended_at = :now
        WHERE tenant_id = :tenant_id AND group_id = :group_id AND ended_at IS NULL AND expires_at > :now RETURNING id
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        now=now,
    )
