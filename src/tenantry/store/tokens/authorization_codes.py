"""The `authorization_codes` table: the codes with which a signed-in user is sent back to a connector (RFC 6749
§4.1).
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId, GrantId, TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class ClaimedCode(NamedTuple):
    """What the user agreed to. The words of `scope`, `amr` and `sign_in_scope` are divided by blanks.
    `authenticated_at` and `sign_in_scope` are for ID tokens, or None.
    """

    user_id: UserId
    scope: str
    amr: str
    nonce: str | None
    authenticated_at: int | None
    sign_in_scope: str | None


class CodeState(NamedTuple):
    """The state of a code, which says why it cannot be claimed."""

    connector_id: ConnectorId
    expires_at: int
    grant_id: GrantId | None
    """Of the one who claimed it; None while nobody has."""


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    code_hash: bytes,
    *,
    connector_id: ConnectorId,
    user_id: UserId,
    redirect_uri: str,
    scope: str,
    amr: str,
    nonce: str | None,
    authenticated_at: Micros | None,
    sign_in_scope: str | None,
    code_challenge: str | None,
    expires_at: Micros,
    now: Micros,
) -> None:
    """Add a code."""
    await tx.run(
        """
        INSERT INTO authorization_codes (tenant_id, code_hash, connector_id, user_id, redirect_uri, scope, amr, nonce,
                                         authenticated_at, sign_in_scope, code_challenge, created_at, expires_at)
        VALUES (:tenant_id, :code_hash, :connector_id, :user_id, :redirect_uri, :scope, :amr, :nonce,
                :authenticated_at, :sign_in_scope, :code_challenge, :now, :expires_at)
        """,
        tenant_id=tenant_id,
        code_hash=code_hash,
        connector_id=connector_id,
        user_id=user_id,
        redirect_uri=redirect_uri,
        scope=scope,
        amr=amr,
        nonce=nonce,
        authenticated_at=authenticated_at,
        sign_in_scope=sign_in_scope,
        code_challenge=code_challenge,
        expires_at=expires_at,
        now=now,
    )


async def claim(
    tx: Tx,
    tenant_id: TenantId,
    code_hash: bytes,
    *,
    connector_id: ConnectorId,
    redirect_uri: str | None,
    code_challenge: str | None,
    grant_id: GrantId,
    now: Micros,
) -> ClaimedCode | None:
    """Claim an unspent, unexpired code of this connector for the grant that is about to be made. Of several callers at
    most one wins.

    `redirect_uri`: with None it is not compared. `code_challenge`: with None only a code that was issued without one is
    claimed. Source: RFC 6749 §4.1.2 ("MUST NOT use the authorization code more than once"), RFC 7636 §4.6.
    """
    return await tx.one_or_none(
        ClaimedCode,
        """
        UPDATE authorization_codes SET claimed_at = :now, grant_id = :grant_id
        WHERE tenant_id = :tenant_id AND code_hash = :code_hash AND connector_id = :connector_id
            AND (CAST(:redirect_uri AS TEXT) IS NULL OR redirect_uri = CAST(:redirect_uri AS TEXT))
            AND COALESCE(code_challenge, '') = COALESCE(CAST(:code_challenge AS TEXT), '')
            AND claimed_at IS NULL AND expires_at > :now
        RETURNING user_id, scope, amr, nonce, authenticated_at, sign_in_scope
        """,
        tenant_id=tenant_id,
        code_hash=code_hash,
        connector_id=connector_id,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        grant_id=grant_id,
        now=now,
    )


async def find_state(read: Read, tenant_id: TenantId, code_hash: bytes) -> CodeState | None:
    """The code, in whatever state."""
    return await read.one_or_none(
        CodeState,
        """
        SELECT connector_id, expires_at, grant_id FROM authorization_codes
        WHERE tenant_id = :tenant_id AND code_hash = :code_hash
        """,
        tenant_id=tenant_id,
        code_hash=code_hash,
    )


async def end_of_user(tx: Tx, tenant_id: TenantId, user_id: UserId, now: Micros) -> None:
    """End every code that the user was sent back with and that nobody has redeemed yet."""
    await tx.run(
        """
        UPDATE authorization_codes SET expires_at = :now
        WHERE tenant_id = :tenant_id AND user_id = :user_id AND claimed_at IS NULL AND expires_at > :now
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
    )
