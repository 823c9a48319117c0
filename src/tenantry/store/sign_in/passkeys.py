"""The `passkeys` and `passkey_challenges` tables (Web Authentication)."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class Passkey(NamedTuple):
    """One row. `credential_id` is base64url, `transports` are divided by blanks, `is_synced` is 0 or 1."""

    credential_id: str
    name: str
    public_key: bytes
    sign_count: int
    is_synced: int
    transports: str
    created_at: int
    last_used_at: int | None


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    user_id: UserId,
    *,
    credential_id: str,
    name: str,
    public_key: bytes,
    sign_count: int,
    is_synced: bool,
    transports: str,
    now: Micros,
) -> bool:
    """Add a passkey. Answers False when the tenant knows the credential already."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO passkeys (tenant_id, credential_id, user_id, name, public_key, sign_count, is_synced, transports,
                              created_at)
        VALUES (:tenant_id, :credential_id, :user_id, :name, :public_key, :sign_count, :is_synced, :transports, :now)
        ON CONFLICT (tenant_id, credential_id) DO NOTHING RETURNING credential_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        credential_id=credential_id,
        name=name,
        public_key=public_key,
        sign_count=sign_count,
        is_synced=int(is_synced),
        transports=transports,
        now=now,
    )
    return row is not None


async def list_of_user(read: Read, tenant_id: TenantId, user_id: UserId) -> list[Passkey]:
    """The user's passkeys, oldest first."""
    return await read.all(
        Passkey,
        """
        SELECT credential_id, name, public_key, sign_count, is_synced, transports, created_at, last_used_at
        FROM passkeys WHERE tenant_id = :tenant_id AND user_id = :user_id ORDER BY created_at, credential_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def find(read: Read, tenant_id: TenantId, user_id: UserId, credential_id: str) -> Passkey | None:
    """The passkey of this user; None when it is somebody else's."""
    return await read.one_or_none(
        Passkey,
        """
        SELECT credential_id, name, public_key, sign_count, is_synced, transports, created_at, last_used_at
        FROM passkeys WHERE tenant_id = :tenant_id AND user_id = :user_id AND credential_id = :credential_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        credential_id=credential_id,
    )


async def note_use(
    tx: Tx, tenant_id: TenantId, user_id: UserId, credential_id: str, *, sign_count: int, now: Micros
) -> bool:
    """Keep the key's counter. Answers False when the key counts and its counter did not grow, since then there may be a
    copy of the key.
    """
    changed = await tx.run(
        """
        UPDATE passkeys SET sign_count = :sign_count, last_used_at = :now
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND credential_id = :credential_id
          AND (sign_count < :sign_count OR (sign_count = 0 AND :sign_count = 0))
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        credential_id=credential_id,
        sign_count=sign_count,
        now=now,
    )
    return changed == 1


async def delete(tx: Tx, tenant_id: TenantId, user_id: UserId, credential_id: str) -> bool:
    """Delete a passkey. Answers False when the user has no such one."""
    changed = await tx.run(
        """
        DELETE FROM passkeys WHERE tenant_id = :tenant_id AND user_id = :user_id AND credential_id = :credential_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        credential_id=credential_id,
    )
    return changed == 1


async def delete_of_user(tx: Tx, tenant_id: TenantId, user_id: UserId) -> int:
    """Delete every passkey of the user, and every challenge that waits for one. Answers how many passkeys."""
    await tx.run(
        "DELETE FROM passkey_challenges WHERE tenant_id = :tenant_id AND user_id = :user_id",
        tenant_id=tenant_id,
        user_id=user_id,
    )
    return await tx.run(
        "DELETE FROM passkeys WHERE tenant_id = :tenant_id AND user_id = :user_id",
        tenant_id=tenant_id,
        user_id=user_id,
    )


async def insert_challenge(
    tx: Tx,
    tenant_id: TenantId,
    user_id: UserId,
    challenge_hash: bytes,
    *,
    purpose: str,
    expires_at: Micros,
    now: Micros,
) -> None:
    """Add a challenge, and forget the user's expired ones."""
    await tx.run(
        """
        DELETE FROM passkey_challenges
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND expires_at <= :now
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
    )
    await tx.run(
        """
        INSERT INTO passkey_challenges (tenant_id, challenge_hash, user_id, purpose, expires_at)
        VALUES (:tenant_id, :challenge_hash, :user_id, :purpose, :expires_at)
        """,
        tenant_id=tenant_id,
        challenge_hash=challenge_hash,
        user_id=user_id,
        purpose=purpose,
        expires_at=expires_at,
    )


async def claim_challenge(
    tx: Tx, tenant_id: TenantId, user_id: UserId, challenge_hash: bytes, *, purpose: str, now: Micros
) -> bool:
    """Delete the challenge, so that it is answered once: of several callers at most one gets True."""
    changed = await tx.run(
        """
        DELETE FROM passkey_challenges
        WHERE tenant_id = :tenant_id AND challenge_hash = :challenge_hash AND user_id = :user_id
          AND purpose = :purpose AND expires_at > :now
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        challenge_hash=challenge_hash,
        purpose=purpose,
        now=now,
    )
    return changed == 1
