"""The `enrolments` table: users who must set up a second factor, and the code with which each of them may."""

from __future__ import annotations

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


async def exists(read: Read, tenant_id: TenantId, user_id: UserId) -> bool:
    """Whether the user must set up a second factor."""
    found = await read.one_or_none(
        str,
        "SELECT user_id FROM enrolments WHERE tenant_id = :tenant_id AND user_id = :user_id",
        tenant_id=tenant_id,
        user_id=user_id,
    )
    return found is not None


async def put(tx: Tx, tenant_id: TenantId, user_id: UserId, reason: str, now: Micros) -> None:
    """Require a second factor from now on. If it was required already, the present code stays."""
    await tx.run(
        """
        INSERT INTO enrolments (tenant_id, user_id, reason, created_at)
        VALUES (:tenant_id, :user_id, :reason, :now) ON CONFLICT (tenant_id, user_id) DO NOTHING
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        reason=reason,
        now=now,
    )


async def put_code(
    tx: Tx, tenant_id: TenantId, user_id: UserId, *, code_hash: bytes, expires_at: Micros, reason: str, now: Micros
) -> None:
    """Give the user a code in place of an earlier one, and require a second factor."""
    await tx.run(
        """
        INSERT INTO enrolments (tenant_id, user_id, reason, created_at, code_hash, code_expires_at)
        VALUES (:tenant_id, :user_id, :reason, :now, :code_hash, :expires_at)
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET
            code_hash = excluded.code_hash, code_expires_at = excluded.code_expires_at
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        code_hash=code_hash,
        expires_at=expires_at,
        reason=reason,
        now=now,
    )


async def claim_code(tx: Tx, tenant_id: TenantId, user_id: UserId, code_hash: bytes, now: Micros) -> bool:
    """Use the code up: of several callers at most one gets True. Answers False for a code that is not the user's, or
    has expired.
    """
    changed = await tx.run(
        """
        UPDATE enrolments SET code_hash = NULL, code_expires_at = NULL
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND code_hash = :code_hash AND code_expires_at > :now
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        code_hash=code_hash,
        now=now,
    )
    return changed == 1


async def end_code(tx: Tx, tenant_id: TenantId, user_id: UserId) -> None:
    """End the code. The user must still set up a second factor."""
    await tx.run(
        """
        UPDATE enrolments SET code_hash = NULL, code_expires_at = NULL
        WHERE tenant_id = :tenant_id AND user_id = :user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def delete(tx: Tx, tenant_id: TenantId, user_id: UserId) -> None:
    """Require no second factor of the user any more, who has set one up."""
    await tx.run(
        "DELETE FROM enrolments WHERE tenant_id = :tenant_id AND user_id = :user_id",
        tenant_id=tenant_id,
        user_id=user_id,
    )
