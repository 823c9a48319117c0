"""The `role_assignments` table: who holds which directory role in a tenant, and until when."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class RoleAssignment(NamedTuple):
    """One row. An assignment without `expires_at` has no end. `given_by` is the partner whose user gave the role, if
    one did.
    """

    user_id: UserId
    role_id: str
    created_at: int
    expires_at: int | None
    given_by: TenantId | None


async def upsert(
    tx: Tx,
    tenant_id: TenantId,
    user_id: UserId,
    *,
    role_id: str,
    expires_at: Micros | None,
    given_by: TenantId | None,
    now: Micros,
) -> bool:
    """Assign the role, or move the end of the assignment, which counts as given by the last giver from then on. Answers
    False when the tenant has no such live user.
    """
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO role_assignments (tenant_id, user_id, role_id, created_at, expires_at, given_by)
        SELECT tenant_id, id, CAST(:role_id AS TEXT), CAST(:now AS BIGINT), CAST(:expires_at AS BIGINT),
               CAST(:given_by AS TEXT)
        FROM users WHERE tenant_id = :tenant_id AND id = :user_id AND deleted_at IS NULL
        ON CONFLICT (tenant_id, user_id, role_id) DO UPDATE
        SET expires_at = excluded.expires_at, given_by = excluded.given_by
        RETURNING user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        role_id=role_id,
        now=now,
        expires_at=expires_at,
        given_by=given_by,
    )
    return row is not None


async def end_given_by(tx: Tx, tenant_id: TenantId, partner_id: TenantId, role_id: str) -> list[UserId]:
    """Take the role from all users to whom the partner gave it. Answers who they were."""
    return await tx.all(
        UserId,
        """
        DELETE FROM role_assignments
        WHERE tenant_id = :tenant_id AND given_by = :partner_id AND given_by IS NOT NULL AND role_id = :role_id
        RETURNING user_id
        """,
        tenant_id=tenant_id,
        partner_id=partner_id,
        role_id=role_id,
    )


async def shorten_given_by(
    tx: Tx, tenant_id: TenantId, partner_id: TenantId, role_id: str, latest: Micros
) -> list[UserId]:
    """Let the role that the partner gave end at `latest`, where it would last longer. Answers whose role that was."""
    return await tx.all(
        UserId,
        """
        UPDATE role_assignments SET expires_at = :latest
        WHERE tenant_id = :tenant_id AND given_by = :partner_id AND given_by IS NOT NULL AND role_id = :role_id
          AND (expires_at IS NULL OR expires_at > :latest)
        RETURNING user_id
        """,
        tenant_id=tenant_id,
        partner_id=partner_id,
        role_id=role_id,
        latest=latest,
    )


async def delete(tx: Tx, tenant_id: TenantId, user_id: UserId, role_id: str) -> bool:
    """Take the role from the user. Answers False when the user did not hold it."""
    deleted = await tx.run(
        "DELETE FROM role_assignments WHERE tenant_id = :tenant_id AND user_id = :user_id AND role_id = :role_id",
        tenant_id=tenant_id,
        user_id=user_id,
        role_id=role_id,
    )
    return deleted == 1


async def list_unexpired(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros) -> list[str]:
    """The ids of the roles that the user holds, or will hold again once it is restored or enabled."""
    return await read.all(
        str,
        """
        SELECT role_id FROM role_assignments
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND (expires_at IS NULL OR expires_at > :now)
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
    )


async def list_live(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros) -> list[RoleAssignment]:
    """The roles that the user holds at `now`, by role id; none for a deleted or disabled user."""
    return await read.all(
        RoleAssignment,
        """
        SELECT a.user_id, a.role_id, a.created_at, a.expires_at, a.given_by
        FROM role_assignments a JOIN users u ON u.tenant_id = a.tenant_id AND u.id = a.user_id
        WHERE a.tenant_id = :tenant_id AND a.user_id = :user_id AND (a.expires_at IS NULL OR a.expires_at > :now)
          AND u.tenant_id = :tenant_id AND u.deleted_at IS NULL AND u.disabled_at IS NULL
        ORDER BY a.role_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
    )


async def hold(tx: Tx, tenant_id: TenantId, role_id: str) -> None:
    """Keep the rows of all who hold the role until the transaction ends, so that two who take it away take turns."""
    await tx.run(
        "UPDATE role_assignments SET role_id = role_id WHERE tenant_id = :tenant_id AND role_id = :role_id",
        tenant_id=tenant_id,
        role_id=role_id,
    )


async def is_held_by_another(read: Read, tenant_id: TenantId, role_id: str, user_id: UserId, now: Micros) -> bool:
    """Whether a user other than this one, neither disabled nor deleted, holds the role at `now`."""
    found = await read.one_or_none(
        str,
        """
        SELECT a.user_id FROM role_assignments a JOIN users u ON u.tenant_id = :tenant_id AND u.id = a.user_id
        WHERE a.tenant_id = :tenant_id AND a.role_id = :role_id AND a.user_id <> :user_id
          AND (a.expires_at IS NULL OR a.expires_at > :now)
          AND u.deleted_at IS NULL AND u.disabled_at IS NULL
        LIMIT 1
        """,
        tenant_id=tenant_id,
        role_id=role_id,
        user_id=user_id,
        now=now,
    )
    return found is not None
