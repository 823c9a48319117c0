"""Reads and replaces the values of every tenant that the master key encrypts. Only `rekeying.py` may use it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Writes


class _Rows(NamedTuple):
    """A table with an encrypted column. `key`: the columns that find a row within its tenant."""

    table: str
    key: str
    column: str


class Owned(_Rows, Enum):
    """The tables of tenants that have an encrypted column. A test compares it with the schema."""

    TOTP_CREDENTIALS = _Rows("totp_credentials", "user_id", "secret")
    IDENTITY_PROVIDERS = _Rows("identity_providers", "id", "client_secret")
    WEBHOOKS = _Rows("webhooks", "id", "callback_token")


class Encrypted(NamedTuple):
    """One row whose column has a value."""

    tenant_id: TenantId
    key: str
    sealed: bytes


class EncryptedKey(NamedTuple):
    """A signing key."""

    id: str
    sealed: bytes


async def list_rows(read: Read, rows: Owned, after_tenant_id: str, after: str, limit: int) -> list[Encrypted]:
    """At most `limit` rows behind this one, of every tenant, in order."""
    return await read.all(
        Encrypted,
        f"""
        SELECT tenant_id, {rows.key} AS key, {rows.column} AS sealed FROM {rows.table}
        WHERE {rows.column} IS NOT NULL AND (tenant_id, {rows.key}) > (:after_tenant_id, :after)
        ORDER BY tenant_id, {rows.key} LIMIT :limit
        """,
        after_tenant_id=after_tenant_id,
        after=after,
        limit=limit,
    )


async def replace(store: Writes, rows: Owned, row: Encrypted, sealed: bytes) -> None:
    """Replace the value, unless somebody has changed it meanwhile."""
    await store.run(
        f"""
        UPDATE {rows.table} SET {rows.column} = :sealed
        WHERE tenant_id = :tenant_id AND {rows.key} = :key AND {rows.column} = :before
        """,
        sealed=sealed,
        tenant_id=row.tenant_id,
        key=row.key,
        before=row.sealed,
    )


async def list_keys(read: Read) -> list[EncryptedKey]:
    """Every signing key there ever was. There are few: one a month."""
    return await read.all(EncryptedKey, "SELECT id, private_key AS sealed FROM signing_keys ORDER BY id")


async def replace_key(store: Writes, key: EncryptedKey, sealed: bytes) -> None:
    """Replace the encrypted half of the key, unless somebody has changed it meanwhile."""
    await store.run(
        "UPDATE signing_keys SET private_key = :sealed WHERE id = :id AND private_key = :before",
        sealed=sealed,
        id=key.id,
        before=key.sealed,
    )
