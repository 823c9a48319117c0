"""The `sessions` table: who is signed in to the portal, in which browser."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class FoundSession(NamedTuple):
    """A live session of a live user. `amr` words are divided by blanks. `id` lists and ends the session, and opens
    nothing.

    `authenticated_at`: when the user was last authenticated, here or at the tenant's own provider. `added_factor`: 1
    when the user's first second factor was set up in this session.
    """

    id: str
    tenant_id: TenantId
    user_id: UserId
    display_name: str
    user_principal_name: str
    amr: str
    authenticated_at: int
    expires_at: int
    acting_tenant_id: TenantId | None
    added_factor: int


class ListedSession(NamedTuple):
    """A session as its user sees it. `browser` is what the browser calls itself."""

    id: str
    amr: str
    address: str
    browser: str
    created_at: int
    expires_at: int


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    session_hash: bytes,
    *,
    id: str,
    user_id: UserId,
    amr: str,
    address: str,
    browser: str,
    authenticated_at: Micros | None,
    expires_at: Micros,
    added_factor: bool = False,
    now: Micros,
) -> None:
    """Add a session."""
    await tx.run(
        """
        INSERT INTO sessions (tenant_id, session_hash, id, user_id, amr, address, browser, authenticated_at, created_at,
                              expires_at, added_factor)
        VALUES (:tenant_id, :session_hash, :id, :user_id, :amr, :address, :browser, :authenticated_at, :now,
                :expires_at, :added_factor)
        """,
        tenant_id=tenant_id,
        session_hash=session_hash,
        id=id,
        user_id=user_id,
        amr=amr,
        address=address,
        browser=browser,
        authenticated_at=authenticated_at,
        expires_at=expires_at,
        added_factor=int(added_factor),
        now=now,
    )


async def find_live(read: Read, tenant_id: TenantId, session_hash: bytes, now: Micros) -> FoundSession | None:
    """The session; None when it, its user or its tenant has ended. Hot path: 1 query."""
    return await read.one_or_none(
        FoundSession,
        """
        SELECT s.id, s.tenant_id, s.user_id, u.display_name, u.user_principal_name, s.amr,
               COALESCE(s.authenticated_at, s.created_at) AS authenticated_at, s.expires_at, s.acting_tenant_id,
               s.added_factor
        FROM sessions s
        JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
        JOIN tenants t ON t.id = s.tenant_id
        WHERE s.tenant_id = :tenant_id AND s.session_hash = :session_hash
          AND s.ended_at IS NULL AND s.expires_at > :now
          AND u.disabled_at IS NULL AND u.deleted_at IS NULL
          AND t.disabled_at IS NULL AND t.deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        session_hash=session_hash,
        now=now,
    )


async def hold(tx: Tx, tenant_id: TenantId, user_id: UserId, session_id: str, now: Micros) -> bool:
    """Keep this session of the user as it is until the transaction ends, so that whoever ends it waits. Answers False
    when it has ended.
    """
    changed = await tx.run(
        """
        UPDATE sessions SET ended_at = NULL
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND id = :id AND ended_at IS NULL AND expires_at > :now
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        id=session_id,
        now=now,
    )
    return changed == 1


async def has_added_factor(read: Read, tenant_id: TenantId, user_id: UserId, session_id: str, now: Micros) -> bool:
    """Whether the user's first second factor was set up in this live session."""
    found = await read.one_or_none(
        int,
        """
        SELECT added_factor FROM sessions
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND id = :id AND ended_at IS NULL AND expires_at > :now
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        id=session_id,
        now=now,
    )
    return found == 1


async def list_live(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros, limit: int) -> list[ListedSession]:
    """The user's sessions that have not ended, newest first, at most `limit`."""
    return await read.all(
        ListedSession,
        """
        SELECT id, amr, address, browser, created_at, expires_at FROM sessions
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND ended_at IS NULL AND expires_at > :now
        ORDER BY created_at DESC, id LIMIT :limit
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
        limit=limit,
    )


async def end(tx: Tx, tenant_id: TenantId, user_id: UserId, session_id: str, now: Micros) -> bool:
    """End a session. Answers False when the user has no such live one."""
    changed = await tx.run(
        """
        UPDATE sessions SET ended_at = :now
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND id = :id AND ended_at IS NULL AND expires_at > :now
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        id=session_id,
        now=now,
    )
    return changed == 1


async def end_of_user(tx: Tx, tenant_id: TenantId, user_id: UserId, but: str, now: Micros) -> int:
    """End the user's sessions but the one with the id `but` (empty: all). Answers how many were live until now."""
    return await tx.run(
        """
        UPDATE sessions SET ended_at = :now
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND id <> :but AND ended_at IS NULL AND expires_at > :now
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        but=but,
        now=now,
    )


async def set_acting_tenant(
    tx: Tx, tenant_id: TenantId, user_id: UserId, session_id: str, acting_tenant_id: TenantId | None
) -> bool:
    """Let the session's user act in this customer, or in none when it is None. Answers False when there is no such
    session.
    """
    changed = await tx.run(
        """
        UPDATE sessions SET acting_tenant_id = :acting_tenant_id
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND id = :id AND ended_at IS NULL
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        id=session_id,
        acting_tenant_id=acting_tenant_id,
    )
    return changed == 1


async def copy_acting_tenant(tx: Tx, tenant_id: TenantId, user_id: UserId, from_id: str, to_id: str) -> None:
    """Let a session of the user act in the tenant in which an earlier session acted."""
    await tx.run(
        """
        UPDATE sessions SET acting_tenant_id = (
            SELECT acting_tenant_id FROM sessions WHERE tenant_id = :tenant_id AND user_id = :user_id AND id = :from_id)
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND id = :to_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        from_id=from_id,
        to_id=to_id,
    )


async def delete_past(tx: Tx, tenant_id: TenantId, user_id: UserId, before: Micros) -> None:
    """Delete the user's sessions that expired before `before`."""
    await tx.run(
        "DELETE FROM sessions WHERE tenant_id = :tenant_id AND user_id = :user_id AND expires_at <= :before",
        tenant_id=tenant_id,
        user_id=user_id,
        before=before,
    )
