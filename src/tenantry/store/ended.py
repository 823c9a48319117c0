"""Rows that have ended, of the tables that keep secrets and answers for a time only: how to find and forget them.

Each table has a pair of statements that walk the tenant's rows by primary key, some at a time: no statement grows with
the table, and no table carries an index for it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple, Protocol

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine import Read, Tx


class Ending(NamedTuple):
    """A row's key, and when it ends."""

    key: bytes
    ends_at: int


class ListEnds(Protocol):
    """At most `limit` rows of the tenant after `after` (empty: from the start), by key."""

    def __call__(self, read: Read, tenant_id: TenantId, after: bytes, limit: int) -> Awaitable[list[Ending]]: ...


class DeleteEnded(Protocol):
    """Delete the rows after `after` and up to `last` that ended before `before`; how many."""

    def __call__(self, tx: Tx, tenant_id: TenantId, after: bytes, last: bytes, before: Micros) -> Awaitable[int]: ...


async def list_refresh_tokens(read: Read, tenant_id: TenantId, after: bytes, limit: int) -> list[Ending]:
    """See ListEnds."""
    return await read.all(
        Ending,
        """
        SELECT token_hash AS key, expires_at AS ends_at FROM refresh_tokens
        WHERE tenant_id = :tenant_id AND token_hash > :after ORDER BY token_hash LIMIT :limit
        """,
        tenant_id=tenant_id,
        after=after,
        limit=limit,
    )


async def delete_refresh_tokens(tx: Tx, tenant_id: TenantId, after: bytes, last: bytes, before: Micros) -> int:
    """See DeleteEnded."""
    return await tx.run(
        """
        DELETE FROM refresh_tokens
        WHERE tenant_id = :tenant_id AND token_hash > :after AND token_hash <= :last AND expires_at < :before
        """,
        tenant_id=tenant_id,
        after=after,
        last=last,
        before=before,
    )


async def list_authorization_codes(read: Read, tenant_id: TenantId, after: bytes, limit: int) -> list[Ending]:
    """See ListEnds."""
    return await read.all(
        Ending,
        """
        SELECT code_hash AS key, expires_at AS ends_at FROM authorization_codes
        WHERE tenant_id = :tenant_id AND code_hash > :after ORDER BY code_hash LIMIT :limit
        """,
        tenant_id=tenant_id,
        after=after,
        limit=limit,
    )


async def delete_authorization_codes(tx: Tx, tenant_id: TenantId, after: bytes, last: bytes, before: Micros) -> int:
    """See DeleteEnded."""
    return await tx.run(
        """
        DELETE FROM authorization_codes
        WHERE tenant_id = :tenant_id AND code_hash > :after AND code_hash <= :last AND expires_at < :before
        """,
        tenant_id=tenant_id,
        after=after,
        last=last,
        before=before,
    )


async def list_device_tokens(read: Read, tenant_id: TenantId, after: bytes, limit: int) -> list[Ending]:
    """See ListEnds."""
    return await read.all(
        Ending,
        """
        SELECT token_hash AS key, expires_at AS ends_at FROM device_tokens
        WHERE tenant_id = :tenant_id AND token_hash > :after ORDER BY token_hash LIMIT :limit
        """,
        tenant_id=tenant_id,
        after=after,
        limit=limit,
    )


async def delete_device_tokens(tx: Tx, tenant_id: TenantId, after: bytes, last: bytes, before: Micros) -> int:
    """See DeleteEnded."""
    return await tx.run(
        """
        DELETE FROM device_tokens
        WHERE tenant_id = :tenant_id AND token_hash > :after AND token_hash <= :last AND expires_at < :before
        """,
        tenant_id=tenant_id,
        after=after,
        last=last,
        before=before,
    )


async def list_sessions(read: Read, tenant_id: TenantId, after: bytes, limit: int) -> list[Ending]:
    """See ListEnds."""
    return await read.all(
        Ending,
        """
        SELECT session_hash AS key, expires_at AS ends_at FROM sessions
        WHERE tenant_id = :tenant_id AND session_hash > :after ORDER BY session_hash LIMIT :limit
        """,
        tenant_id=tenant_id,
        after=after,
        limit=limit,
    )


async def delete_sessions(tx: Tx, tenant_id: TenantId, after: bytes, last: bytes, before: Micros) -> int:
    """See DeleteEnded."""
    return await tx.run(
        """
        DELETE FROM sessions
        WHERE tenant_id = :tenant_id AND session_hash > :after AND session_hash <= :last AND expires_at < :before
        """,
        tenant_id=tenant_id,
        after=after,
        last=last,
        before=before,
    )


async def list_group_invitations(read: Read, tenant_id: TenantId, after: bytes, limit: int) -> list[Ending]:
    """See ListEnds."""
    return await read.all(
        Ending,
        """
        SELECT invitation_hash AS key, expires_at AS ends_at FROM group_invitations
        WHERE tenant_id = :tenant_id AND invitation_hash > :after ORDER BY invitation_hash LIMIT :limit
        """,
        tenant_id=tenant_id,
        after=after,
        limit=limit,
    )


async def delete_group_invitations(tx: Tx, tenant_id: TenantId, after: bytes, last: bytes, before: Micros) -> int:
    """See DeleteEnded."""
    return await tx.run(
        """
        DELETE FROM group_invitations
        WHERE tenant_id = :tenant_id AND invitation_hash > :after AND invitation_hash <= :last AND expires_at < :before
        """,
        tenant_id=tenant_id,
        after=after,
        last=last,
        before=before,
    )


async def list_sign_ins(read: Read, tenant_id: TenantId, after: bytes, limit: int) -> list[Ending]:
    """See ListEnds."""
    return await read.all(
        Ending,
        """
        SELECT sign_in_hash AS key, expires_at AS ends_at FROM sign_ins
        WHERE tenant_id = :tenant_id AND sign_in_hash > :after ORDER BY sign_in_hash LIMIT :limit
        """,
        tenant_id=tenant_id,
        after=after,
        limit=limit,
    )


async def delete_sign_ins(tx: Tx, tenant_id: TenantId, after: bytes, last: bytes, before: Micros) -> int:
    """See DeleteEnded."""
    return await tx.run(
        """
        DELETE FROM sign_ins
        WHERE tenant_id = :tenant_id AND sign_in_hash > :after AND sign_in_hash <= :last AND expires_at < :before
        """,
        tenant_id=tenant_id,
        after=after,
        last=last,
        before=before,
    )


async def list_idempotency_keys(read: Read, tenant_id: TenantId, after: bytes, limit: int) -> list[Ending]:
    """See ListEnds."""
    return await read.all(
        Ending,
        """
        SELECT key_hash AS key, expires_at AS ends_at FROM idempotency_keys
        WHERE tenant_id = :tenant_id AND key_hash > :after ORDER BY key_hash LIMIT :limit
        """,
        tenant_id=tenant_id,
        after=after,
        limit=limit,
    )


async def delete_idempotency_keys(tx: Tx, tenant_id: TenantId, after: bytes, last: bytes, before: Micros) -> int:
    """See DeleteEnded."""
    return await tx.run(
        """
        DELETE FROM idempotency_keys
        WHERE tenant_id = :tenant_id AND key_hash > :after AND key_hash <= :last AND expires_at < :before
        """,
        tenant_id=tenant_id,
        after=after,
        last=last,
        before=before,
    )


async def list_webhook_deliveries(read: Read, tenant_id: TenantId, after: bytes, limit: int) -> list[Ending]:
    """See ListEnds; what still waits has no end yet."""
    return await read.all(
        _with_text_key,
        """
        SELECT id, COALESCE(delivered_at, created_at) FROM webhook_deliveries
        WHERE tenant_id = :tenant_id AND id > :after AND due_at IS NULL ORDER BY id LIMIT :limit
        """,
        tenant_id=tenant_id,
        after=after.decode(),
        limit=limit,
    )


async def delete_webhook_deliveries(tx: Tx, tenant_id: TenantId, after: bytes, last: bytes, before: Micros) -> int:
    """See DeleteEnded."""
    return await tx.run(
        """
        DELETE FROM webhook_deliveries
        WHERE tenant_id = :tenant_id AND id > :after AND id <= :last AND due_at IS NULL
          AND COALESCE(delivered_at, created_at) < :before
        """,
        tenant_id=tenant_id,
        after=after.decode(),
        last=last.decode(),
        before=before,
    )


async def list_webhooks(read: Read, tenant_id: TenantId, after: bytes, limit: int) -> list[Ending]:
    """See ListEnds."""
    return await read.all(
        _with_text_key,
        """
        SELECT id, COALESCE(deleted_at, expires_at) FROM webhooks
        WHERE tenant_id = :tenant_id AND id > :after ORDER BY id LIMIT :limit
        """,
        tenant_id=tenant_id,
        after=after.decode(),
        limit=limit,
    )


async def delete_webhooks(tx: Tx, tenant_id: TenantId, after: bytes, last: bytes, before: Micros) -> int:
    """See DeleteEnded. By then what they were sent is forgotten too."""
    return await tx.run(
        """
        DELETE FROM webhooks
        WHERE tenant_id = :tenant_id AND id > :after AND id <= :last AND COALESCE(deleted_at, expires_at) < :before
        """,
        tenant_id=tenant_id,
        after=after.decode(),
        last=last.decode(),
        before=before,
    )


def _with_text_key(key: str, ends_at: int) -> Ending:
    """Ids and hashes are walked alike, by their bytes."""
    return Ending(key.encode(), ends_at)
