"""The `identity_providers`, `linked_identities` and `upstream_sign_ins` tables: the OpenID providers of a tenant, whose
accounts its users have there, and sign-ins that went to a provider.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx, Writes


class IdentityProvider(NamedTuple):
    """One row. `client_secret` is encrypted; `trusts_mfa` and `shares_callback` (with other providers) are 0 or 1."""

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: bytes
    name_claim: str
    trusts_mfa: int
    created_at: int
    shares_callback: int


class UpstreamSignIn(NamedTuple):
    """A sign-in that went to a provider: which one, when, with which demands, and where the browser wanted to go.
    `max_age` is in microseconds.
    """

    provider_id: str
    back: str
    prompt: str | None
    max_age: int | None
    created_at: int


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    *,
    id: str,
    name: str,
    issuer: str,
    client_id: str,
    client_secret: bytes,
    name_claim: str,
    trusts_mfa: bool,
    now: Micros,
) -> bool:
    """Add a provider. Answers False when the id is taken."""
    changed = await tx.run(
        """
        INSERT INTO identity_providers (tenant_id, id, name, issuer, client_id, client_secret, name_claim, trusts_mfa,
                                        created_at)
        VALUES (:tenant_id, :id, :name, :issuer, :client_id, :client_secret, :name_claim, :trusts_mfa, :now)
        ON CONFLICT (tenant_id, id) DO NOTHING
        """,
        tenant_id=tenant_id,
        id=id,
        name=name,
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret,
        name_claim=name_claim,
        trusts_mfa=int(trusts_mfa),
        now=now,
    )
    return changed == 1


async def list_ids(read: Read, tenant_id: TenantId) -> list[str]:
    """The ids of every provider that the tenant has or had."""
    return await read.all(
        str, "SELECT id FROM identity_providers WHERE tenant_id = :tenant_id ORDER BY id", tenant_id=tenant_id
    )


async def list_live(read: Read, tenant_id: TenantId) -> list[IdentityProvider]:
    """The tenant's providers that are not removed, by name."""
    return await read.all(
        IdentityProvider,
        """
        SELECT p.id, p.name, p.issuer, p.client_id, p.client_secret, p.name_claim, p.trusts_mfa, p.created_at,
               CASE WHEN s.provider_id IS NULL THEN 0 ELSE 1 END AS shares_callback
        FROM identity_providers p
        LEFT JOIN shared_callbacks s
            ON s.tenant_id = p.tenant_id AND s.provider_id = p.id AND s.replaced_at IS NULL
        WHERE p.tenant_id = :tenant_id AND p.disabled_at IS NULL ORDER BY p.name, p.id
        """,
        tenant_id=tenant_id,
    )


async def find_live(read: Read, tenant_id: TenantId, provider_id: str) -> IdentityProvider | None:
    """A provider that is not removed, of a live tenant."""
    return await read.one_or_none(
        IdentityProvider,
        """
        SELECT p.id, p.name, p.issuer, p.client_id, p.client_secret, p.name_claim, p.trusts_mfa, p.created_at,
               CASE WHEN s.provider_id IS NULL THEN 0 ELSE 1 END AS shares_callback
        FROM identity_providers p JOIN tenants t ON t.id = p.tenant_id
        LEFT JOIN shared_callbacks s
            ON s.tenant_id = p.tenant_id AND s.provider_id = p.id AND s.replaced_at IS NULL
        WHERE p.tenant_id = :tenant_id AND p.id = :id AND p.disabled_at IS NULL
          AND t.disabled_at IS NULL AND t.deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=provider_id,
    )


async def disable(tx: Tx, tenant_id: TenantId, provider_id: str, now: Micros) -> bool:
    """Remove a provider. Answers False when there is no such live one. The accounts that are linked to it open nothing
    any more, and `delete_links` forgets them.
    """
    changed = await tx.run(
        """
        UPDATE identity_providers SET disabled_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND disabled_at IS NULL
        """,
        tenant_id=tenant_id,
        id=provider_id,
        now=now,
    )
    return changed == 1


async def has_links(read: Read, tenant_id: TenantId, provider_id: str) -> bool:
    """Whether any account of the provider is linked to a user."""
    found = await read.one_or_none(
        str,
        "SELECT user_id FROM linked_identities WHERE tenant_id = :tenant_id AND provider_id = :provider_id LIMIT 1",
        tenant_id=tenant_id,
        provider_id=provider_id,
    )
    return found is not None


async def delete_links(tx: Writes, tenant_id: TenantId, provider_id: str, limit: int) -> int:
    """Forget at most `limit` accounts of a provider that is removed. Answers how many."""
    return await tx.run(
        """
        DELETE FROM linked_identities
        WHERE tenant_id = :tenant_id AND provider_id = :provider_id AND (issuer, subject) IN (
            SELECT issuer, subject FROM linked_identities
            WHERE tenant_id = :tenant_id AND provider_id = :provider_id LIMIT :limit)
        """,
        tenant_id=tenant_id,
        provider_id=provider_id,
        limit=limit,
    )


async def insert_sign_in(
    tx: Tx,
    tenant_id: TenantId,
    state_hash: bytes,
    *,
    provider_id: str,
    back: str,
    prompt: str | None,
    max_age: Micros | None,
    expires_at: Micros,
    now: Micros,
) -> None:
    """Note that a browser goes to the provider, and forget the sign-ins that never came back in time."""
    await tx.run(
        "DELETE FROM upstream_sign_ins WHERE tenant_id = :tenant_id AND expires_at <= :now",
        tenant_id=tenant_id,
        now=now,
    )
    await tx.run(
        """
        INSERT INTO upstream_sign_ins (tenant_id, state_hash, provider_id, back, prompt, max_age, created_at,
                                       expires_at)
        VALUES (:tenant_id, :state_hash, :provider_id, :back, :prompt, :max_age, :now, :expires_at)
        """,
        tenant_id=tenant_id,
        state_hash=state_hash,
        provider_id=provider_id,
        back=back,
        prompt=prompt,
        max_age=max_age,
        expires_at=expires_at,
        now=now,
    )


async def claim_sign_in(tx: Tx, tenant_id: TenantId, state_hash: bytes, now: Micros) -> UpstreamSignIn | None:
    """Delete the row of a browser that is back. Of several callers at most one gets the sign-in."""
    return await tx.one_or_none(
        UpstreamSignIn,
        """
        DELETE FROM upstream_sign_ins
        WHERE tenant_id = :tenant_id AND state_hash = :state_hash AND expires_at > :now
        RETURNING provider_id, back, prompt, max_age, created_at
        """,
        tenant_id=tenant_id,
        state_hash=state_hash,
        now=now,
    )


async def find_linked_user(
    read: Read, tenant_id: TenantId, provider_id: str, issuer: str, subject: str
) -> UserId | None:
    """The user to whom the identity is linked, disabled and deleted ones included."""
    return await read.one_or_none(
        UserId,
        """
        SELECT user_id FROM linked_identities
        WHERE tenant_id = :tenant_id AND provider_id = :provider_id AND issuer = :issuer AND subject = :subject
        """,
        tenant_id=tenant_id,
        provider_id=provider_id,
        issuer=issuer,
        subject=subject,
    )


async def link(
    tx: Tx, tenant_id: TenantId, user_id: UserId, *, provider_id: str, issuer: str, subject: str, now: Micros
) -> bool:
    """Link the identity to the user, whose row the caller holds. Answers False when the user has an identity of this
    provider already, or the identity another user.
    """
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO linked_identities (tenant_id, provider_id, issuer, subject, user_id, created_at)
        SELECT u.tenant_id, :provider_id, :issuer, :subject, u.id, :now FROM users u
        WHERE u.tenant_id = :tenant_id AND u.id = :user_id AND NOT EXISTS (
            SELECT 1 FROM linked_identities l
            WHERE l.tenant_id = :tenant_id AND l.user_id = :user_id AND l.provider_id = :provider_id)
        ON CONFLICT (tenant_id, provider_id, issuer, subject) DO NOTHING RETURNING user_id
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        provider_id=provider_id,
        issuer=issuer,
        subject=subject,
        now=now,
    )
    return row is not None
