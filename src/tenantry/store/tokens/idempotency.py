"""The `idempotency_keys` table: what was answered to a request, so that its repetition gets the same answer.

A row is written in the transaction that does what the request asks: it is there as a whole or not at all, and who
claims the same key meanwhile waits for the end of that transaction.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Tx


class KeptAnswer(NamedTuple):
    """`response` is JSON, without secrets."""

    status: int
    response: str


async def claim(
    tx: Tx, tenant_id: TenantId, key_hash: bytes, *, now: Micros, expires_at: Micros, answer: KeptAnswer | None = None
) -> bool:
    """Claim a key that is absent or expired; at most one caller wins. Without an answer nothing is found under it."""
    row = await tx.one_or_none(
        bytes,
        """
        INSERT INTO idempotency_keys (tenant_id, key_hash, status, response, created_at, expires_at)
        VALUES (:tenant_id, :key_hash, :status, :response, :now, :expires_at)
        ON CONFLICT (tenant_id, key_hash) DO UPDATE SET
            status = excluded.status, response = excluded.response,
            created_at = excluded.created_at, expires_at = excluded.expires_at
        WHERE idempotency_keys.expires_at <= excluded.created_at
        RETURNING key_hash
        """,
        tenant_id=tenant_id,
        key_hash=key_hash,
        status=None if answer is None else answer.status,
        response=None if answer is None else answer.response,
        now=now,
        expires_at=expires_at,
    )
    return row is not None


async def find(read: Read, tenant_id: TenantId, key_hash: bytes, now: Micros) -> KeptAnswer | None:
    """What was answered, unless that has expired."""
    return await read.one_or_none(
        KeptAnswer,
        """
        SELECT status, response FROM idempotency_keys
        WHERE tenant_id = :tenant_id AND key_hash = :key_hash AND expires_at > :now AND status IS NOT NULL
        """,
        tenant_id=tenant_id,
        key_hash=key_hash,
        now=now,
    )


async def delete_expired(tx: Tx, tenant_id: TenantId, now: Micros, limit: int) -> int:
    """Delete at most `limit` expired rows of the tenant, oldest first. Answers how many."""
    return await tx.run(
        """
        DELETE FROM idempotency_keys
        WHERE tenant_id = :tenant_id AND key_hash IN (
            SELECT key_hash FROM idempotency_keys
            WHERE tenant_id = :tenant_id AND expires_at <= :now
            ORDER BY expires_at LIMIT :limit
        )
        """,
        tenant_id=tenant_id,
        now=now,
        limit=limit,
    )
