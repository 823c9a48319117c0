"""The `connector_secrets` table: the hashes of connectors' secrets. It is a reference table: small, and read on every
node.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId
from tenantry.store.engine.interface import Read, Store, Tx


class ConnectorSecret(NamedTuple):
    """One secret, as people may see it. `last_used_at` is right to the hour."""

    id: str
    hint: str
    created_at: int
    expires_at: int | None
    last_used_at: int | None


async def insert(
    tx: Tx,
    connector_id: ConnectorId,
    secret_id: str,
    *,
    secret_hash: bytes,
    hint: str,
    expires_at: Micros | None,
    now: Micros,
) -> None:
    """Add a secret. The caller holds the connector and has counted the live ones."""
    await tx.run(
        """
        INSERT INTO connector_secrets (connector_id, id, secret_hash, hint, created_at, expires_at)
        VALUES (:connector_id, :id, :secret_hash, :hint, :now, :expires_at)
        """,
        connector_id=connector_id,
        id=secret_id,
        secret_hash=secret_hash,
        hint=hint,
        now=now,
        expires_at=expires_at,
    )


async def list_live(read: Read, connector_id: ConnectorId, now: Micros) -> list[ConnectorSecret]:
    """The connector's secrets that have neither ended nor expired, oldest first. There are at most two, see
    connectors/secrets.py.
    """
    return await read.all(
        ConnectorSecret,
        """
        SELECT id, hint, created_at, expires_at, last_used_at FROM connector_secrets
        WHERE connector_id = :connector_id AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
        ORDER BY created_at, id
        """,
        connector_id=connector_id,
        now=now,
    )


async def note_uses(store: Store, uses: Iterable[tuple[tuple[ConnectorId, bytes], Micros]]) -> None:
    """Note when secrets, by connector and hash, were used. A use earlier than the stored one changes nothing."""
    await store.run_each(
        """
        UPDATE connector_secrets SET last_used_at = :at
        WHERE connector_id = :connector_id AND secret_hash = :secret_hash
          AND (last_used_at IS NULL OR last_used_at < :at)
        """,
        [
            {"connector_id": connector_id, "secret_hash": secret_hash, "at": at}
            for (connector_id, secret_hash), at in uses
        ],
    )


async def mark_ended(tx: Tx, connector_id: ConnectorId, secret_id: str, now: Micros) -> bool:
    """End a secret. Answers False when there is no such secret, or when it ended before."""
    changed = await tx.run(
        """
        UPDATE connector_secrets SET ended_at = :now
        WHERE connector_id = :connector_id AND id = :id AND ended_at IS NULL
        """,
        connector_id=connector_id,
        id=secret_id,
        now=now,
    )
    return changed == 1
