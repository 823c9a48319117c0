"""The `signing_keys` table: what signs access tokens. A reference table, read at start and every few seconds."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.store.engine import Read, Tx


class SigningKeyRow(NamedTuple):
    """One key. `private_key` is encrypted; `verifies_until` is None for the key that was made last."""

    id: str
    algorithm: str
    private_key: bytes
    public_jwk: str
    created_at: int
    signs_from: int
    verifies_until: int | None


async def list_all(read: Read, verifies_after: Micros) -> list[SigningKeyRow]:
    """Every key whose tokens may still be alive after `verifies_after`."""
    return await read.all(
        SigningKeyRow,
        """
        SELECT id, algorithm, private_key, public_jwk, created_at, signs_from, verifies_until
        FROM signing_keys WHERE verifies_until IS NULL OR verifies_until > :verifies_after
        """,
        verifies_after=verifies_after,
    )


async def insert(tx: Tx, key: SigningKeyRow) -> bool:
    """False if there is a key of this id already, which then stays as it is."""
    return (
        await tx.one_or_none(
            str,
            """
            INSERT INTO signing_keys (id, algorithm, private_key, public_jwk, created_at, signs_from, verifies_until)
            VALUES (:id, :algorithm, :private_key, :public_jwk, :created_at, :signs_from, :verifies_until)
            ON CONFLICT (id) DO NOTHING RETURNING id
            """,
            **key._asdict(),
        )
        is not None
    )


async def retire_others(tx: Tx, key_id: str, verifies_until: Micros) -> int:
    """Give every key but `key_id` that has no end yet its end. Answers how many."""
    return await tx.run(
        "UPDATE signing_keys SET verifies_until = :verifies_until WHERE verifies_until IS NULL AND id <> :key_id",
        verifies_until=verifies_until,
        key_id=key_id,
    )
