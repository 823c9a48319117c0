"""Rows that have ended, of the tables that keep secrets and answers for a time only: how to find and forget them.

Two statements walk a tenant's rows by primary key, some at a time: neither grows with the table, and no table carries
an index for it.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine import Read, Tx


class _Rows(NamedTuple):
    """What a row is found by beside the tenant, when it ends (NULL: not yet known), and what sorts before every key."""

    table: str
    key: str
    ends_at: str = "expires_at"
    start: bytes | str = b""


class Table(_Rows, Enum):
    """Whose rows end."""

    AUTHORIZATION_CODES = _Rows("authorization_codes", "code_hash")
    DEVICE_TOKENS = _Rows("device_tokens", "token_hash")
    GROUP_INVITATIONS = _Rows("group_invitations", "invitation_hash")
    IDEMPOTENCY_KEYS = _Rows("idempotency_keys", "key_hash")
    REFRESH_TOKENS = _Rows("refresh_tokens", "token_hash")
    SESSIONS = _Rows("sessions", "session_hash")
    SIGN_INS = _Rows("sign_ins", "sign_in_hash")
    WEBHOOK_DELIVERIES = _Rows(
        "webhook_deliveries", "id", "CASE WHEN due_at IS NULL THEN COALESCE(delivered_at, created_at) END", ""
    )
    WEBHOOKS = _Rows("webhooks", "id", "COALESCE(deleted_at, expires_at)", "")


class Row(NamedTuple):
    """A row's key, and 1 when it has ended, else 0."""

    key: bytes | str
    has_ended: int


async def list_rows(
    read: Read, table: Table, tenant_id: TenantId, *, after: bytes | str, before: Micros, limit: int
) -> list[Row]:
    """At most `limit` rows of the tenant after `after`, by key, and whether they ended before `before`."""
    return await read.all(
        Row,
        f"""
        SELECT {table.key} AS key, CASE WHEN {table.ends_at} < :before THEN 1 ELSE 0 END AS has_ended
        FROM {table.table}
        WHERE tenant_id = :tenant_id AND {table.key} > :after ORDER BY {table.key} LIMIT :limit
        """,
        tenant_id=tenant_id,
        after=after,
        before=before,
        limit=limit,
    )


async def delete(
    tx: Tx, table: Table, tenant_id: TenantId, *, after: bytes | str, last: bytes | str, before: Micros
) -> int:
    """Delete the rows after `after` and up to `last` that ended before `before`; how many."""
    return await tx.run(
        f"""
        DELETE FROM {table.table}
        WHERE tenant_id = :tenant_id AND {table.key} > :after AND {table.key} <= :last AND {table.ends_at} < :before
        """,
        tenant_id=tenant_id,
        after=after,
        last=last,
        before=before,
    )
