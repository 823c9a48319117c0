"""The `signing_keys` table: the keys that sign access tokens. It is a reference table, which is read at the start and
every few seconds.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.store.engine.interface import Read, Tx


class SigningKeyRow(NamedTuple):
    """One key. `private_key` is encrypted; `verifies_until` is None for the key that was made last."""

    id: str
    algorithm: str
    private_key: bytes
    public_jwk: str
    created_at: int
    signs_from: int
    verifies_until: int | None


class ListedKey(NamedTuple):
    """What people may see of a key."""

    id: str
    algorithm: str
    created_at: int
    signs_from: int
    verifies_until: int | None
    revoked_at: int | None


async def list_all(read: Read, verifies_after: Micros) -> list[SigningKeyRow]:
    """Every key whose tokens may still be good after `verifies_after`; revoked keys are left out."""
    return await read.all(
        SigningKeyRow,
        """
        SELECT id, algorithm, private_key, public_jwk, created_at, signs_from, verifies_until
        FROM signing_keys WHERE revoked_at IS NULL AND (verifies_until IS NULL OR verifies_until > :verifies_after)
        """,
        verifies_after=verifies_after,
    )


async def list_for_people(read: Read, verifies_after: Micros) -> list[ListedKey]:
    """As `list_all`, the youngest first, and with keys that were revoked in that time."""
    return await read.all(
        ListedKey,
        """
        SELECT id, algorithm, created_at, signs_from, verifies_until, revoked_at
        FROM signing_keys WHERE verifies_until IS NULL OR verifies_until > :verifies_after
        ORDER BY created_at DESC, id
        """,
        verifies_after=verifies_after,
    )


async def insert(tx: Tx, key: SigningKeyRow) -> bool:
    """Add a key. Answers False when there is one with this id, which then stays as it is."""
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
    """Let every key but `key_id` that has no end yet end then. Answers how many."""
    return await tx.run(
        "UPDATE signing_keys SET verifies_until = :verifies_until WHERE verifies_until IS NULL AND id <> :key_id",
        verifies_until=verifies_until,
        key_id=key_id,
    )


async def mark_revoked(tx: Tx, key_id: str, now: Micros) -> bool:
    """Revoke a key. Answers False when there is no such key, or when it was revoked before. A key without an end gets
    one, for lists.
    """
    changed = await tx.run(
        """
        UPDATE signing_keys SET revoked_at = :now,
            verifies_until = CASE WHEN verifies_until IS NULL THEN :now ELSE verifies_until END
        WHERE id = :key_id AND revoked_at IS NULL
        """,
        key_id=key_id,
        now=now,
    )
    return changed == 1


async def exists_lasting(read: Read) -> bool:
    """Whether there is a key that signs until another one is made."""
    found = await read.one_or_none(
        str, "SELECT id FROM signing_keys WHERE verifies_until IS NULL AND revoked_at IS NULL LIMIT 1"
    )
    return found is not None
