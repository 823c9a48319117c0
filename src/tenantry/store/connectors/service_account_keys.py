"""The `service_account_keys` table: public keys. It is a reference table: small, and read on every node."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId
from tenantry.store.engine.interface import Read, Tx


class ServiceAccountKey(NamedTuple):
    """One public key; `id` is the `kid` of assertions."""

    id: str
    algorithm: str
    created_at: int
    revoked_at: int | None


async def insert(
    tx: Tx, connector_id: ConnectorId, key_id: str, *, algorithm: str, public_key: str, now: Micros
) -> bool:
    """Add a service account's public key (PEM). Answers False when the account has a key with this id."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO service_account_keys (connector_id, id, algorithm, public_key, created_at)
        VALUES (:connector_id, :id, :algorithm, :public_key, :now)
        ON CONFLICT (connector_id, id) DO NOTHING RETURNING id
        """,
        connector_id=connector_id,
        id=key_id,
        algorithm=algorithm,
        public_key=public_key,
        now=now,
    )
    return row is not None


async def list_of_connector(read: Read, connector_id: ConnectorId) -> list[ServiceAccountKey]:
    """Every key of the service account, revoked ones included, oldest first."""
    return await read.all(
        ServiceAccountKey,
        """
        SELECT id, algorithm, created_at, revoked_at FROM service_account_keys
        WHERE connector_id = :connector_id ORDER BY created_at, id
        """,
        connector_id=connector_id,
    )


async def mark_revoked(tx: Tx, connector_id: ConnectorId, key_id: str, now: Micros) -> bool:
    """Revoke a key. Answers False when there is no such key, or when it was revoked before."""
    changed = await tx.run(
        """
        UPDATE service_account_keys SET revoked_at = :now
        WHERE connector_id = :connector_id AND id = :id AND revoked_at IS NULL
        """,
        connector_id=connector_id,
        id=key_id,
        now=now,
    )
    return changed == 1
