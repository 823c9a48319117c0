"""The `sign_ins` table: sign-ins under way, whose user has passed the first factor and has no session yet."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class SignInUnderWay(NamedTuple):
    """One row. `amr` words, divided by blanks, say how the user was authenticated so far; `must_change` (0 or 1): the
    user has to choose another password first.
    """

    tenant_id: TenantId
    user_id: UserId
    user_principal_name: str
    display_name: str
    amr: str
    must_change: int


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    sign_in_hash: bytes,
    *,
    user_id: UserId,
    amr: str,
    must_change: bool,
    tries: int,
    expires_at: Micros,
    now: Micros,
) -> None:
    """Add a sign-in under way."""
    await tx.run(
        """
        INSERT INTO sign_ins (tenant_id, sign_in_hash, user_id, amr, must_change, tries_left, created_at, expires_at)
        VALUES (:tenant_id, :sign_in_hash, :user_id, :amr, :must_change, :tries, :now, :expires_at)
        """,
        tenant_id=tenant_id,
        sign_in_hash=sign_in_hash,
        user_id=user_id,
        amr=amr,
        must_change=int(must_change),
        tries=tries,
        expires_at=expires_at,
        now=now,
    )


async def find_live(read: Read, tenant_id: TenantId, sign_in_hash: bytes, now: Micros) -> SignInUnderWay | None:
    """The sign-in; None when it expired, when its tries are used up, or when its user or tenant has ended."""
    return await read.one_or_none(
        SignInUnderWay,
        """
        SELECT s.tenant_id, s.user_id, u.user_principal_name, u.display_name, s.amr, s.must_change
        FROM sign_ins s
        JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
        JOIN tenants t ON t.id = s.tenant_id
        WHERE s.tenant_id = :tenant_id AND s.sign_in_hash = :sign_in_hash
          AND s.tries_left > 0 AND s.expires_at > :now
          AND u.disabled_at IS NULL AND u.deleted_at IS NULL
          AND t.disabled_at IS NULL AND t.deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        sign_in_hash=sign_in_hash,
        now=now,
    )


async def use_try(tx: Tx, tenant_id: TenantId, sign_in_hash: bytes) -> None:
    """Count one try of a second factor."""
    await tx.run(
        """
        UPDATE sign_ins SET tries_left = tries_left - 1
        WHERE tenant_id = :tenant_id AND sign_in_hash = :sign_in_hash AND tries_left > 0
        """,
        tenant_id=tenant_id,
        sign_in_hash=sign_in_hash,
    )


async def clear_must_change(tx: Tx, tenant_id: TenantId, sign_in_hash: bytes, now: Micros) -> bool:
    """Note that the password was changed. Of several callers at most one gets True."""
    changed = await tx.run(
        """
        UPDATE sign_ins SET must_change = 0
        WHERE tenant_id = :tenant_id AND sign_in_hash = :sign_in_hash AND must_change = 1 AND expires_at > :now
        """,
        tenant_id=tenant_id,
        sign_in_hash=sign_in_hash,
        now=now,
    )
    return changed == 1


async def claim(tx: Tx, tenant_id: TenantId, sign_in_hash: bytes, now: Micros) -> UserId | None:
    """Delete the row of a sign-in that becomes a session. Of several callers at most one gets the user."""
    return await tx.one_or_none(
        UserId,
        """
        DELETE FROM sign_ins
        WHERE tenant_id = :tenant_id AND sign_in_hash = :sign_in_hash AND must_change = 0 AND tries_left > 0
          AND expires_at > :now
        RETURNING user_id
        """,
        tenant_id=tenant_id,
        sign_in_hash=sign_in_hash,
        now=now,
    )


async def delete_of_user(tx: Tx, tenant_id: TenantId, user_id: UserId, but: bytes) -> None:
    """Delete every sign-in of the user that is under way, but the one whose hash is `but`."""
    await tx.run(
        """
        DELETE FROM sign_ins WHERE tenant_id = :tenant_id AND user_id = :user_id AND sign_in_hash <> :but
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        but=but,
    )


async def delete_past(tx: Tx, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """Delete the user's sign-ins that nobody finished in time."""
    await tx.run(
        "DELETE FROM sign_ins WHERE tenant_id = :tenant_id AND user_id = :user_id AND expires_at <= :now",
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
    )
