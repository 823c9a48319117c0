"""The `grants` and `refresh_tokens` tables: a user's consents to connectors, and the secrets that were handed out for
them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId, GrantId, GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read, Store, Tx


class LiveGrant(NamedTuple):
    """A grant in a list. `permissions` are divided by blanks."""

    id: GrantId
    connector_id: ConnectorId
    user_id: UserId
    reach: str
    group_id: GroupId | None
    permissions: str
    created_at: int
    expires_at: int


class RevokedGrant(NamedTuple):
    """A grant that a statement has revoked."""

    id: GrantId
    connector_id: ConnectorId


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    grant_id: GrantId,
    *,
    connector_id: ConnectorId,
    user_id: UserId,
    reach: str,
    group_id: GroupId | None,
    permissions: str,
    amr: str,
    expires_at: Micros,
    now: Micros,
    authenticated_at: Micros | None = None,
    sign_in_scope: str | None = None,
) -> None:
    """Add a grant. Words of `permissions`, `amr` and `sign_in_scope`, which is for ID tokens, are divided by blanks."""
    await tx.run(
        """
        INSERT INTO grants (tenant_id, id, connector_id, user_id, reach, group_id, permissions, amr,
                            authenticated_at, sign_in_scope, created_at, expires_at)
        VALUES (:tenant_id, :id, :connector_id, :user_id, :reach, :group_id, :permissions, :amr,
                :authenticated_at, :sign_in_scope, :now, :expires_at)
        """,
        tenant_id=tenant_id,
        id=grant_id,
        connector_id=connector_id,
        user_id=user_id,
        reach=reach,
        group_id=group_id,
        permissions=permissions,
        amr=amr,
        expires_at=expires_at,
        now=now,
        authenticated_at=authenticated_at,
        sign_in_scope=sign_in_scope,
    )


async def insert_refresh_token(
    tx: Tx, tenant_id: TenantId, token_hash: bytes, *, grant_id: GrantId, expires_at: Micros, now: Micros
) -> None:
    """Add one more refresh token of the grant; the earlier ones stay."""
    await tx.run(
        """
        INSERT INTO refresh_tokens (tenant_id, token_hash, grant_id, created_at, expires_at)
        VALUES (:tenant_id, :token_hash, :grant_id, :now, :expires_at)
        """,
        tenant_id=tenant_id,
        token_hash=token_hash,
        grant_id=grant_id,
        expires_at=expires_at,
        now=now,
    )


async def note_uses(store: Store, uses: Iterable[tuple[tuple[TenantId, bytes], Micros]]) -> None:
    """Note when refresh tokens, by tenant and hash, were exchanged. A use earlier than the stored one changes
    nothing.
    """
    await store.run_each(
        """
        UPDATE refresh_tokens SET last_used_at = :at
        WHERE tenant_id = :tenant_id AND token_hash = :token_hash AND (last_used_at IS NULL OR last_used_at < :at)
        """,
        [{"tenant_id": tenant_id, "token_hash": token_hash, "at": at} for (tenant_id, token_hash), at in uses],
    )


async def prolong(tx: Tx, tenant_id: TenantId, grant_id: GrantId, expires_at: Micros) -> bool:
    """Let the grant last until `expires_at` at least. Answers False when it has been revoked meanwhile."""
    changed = await tx.run(
        """
        UPDATE grants SET expires_at = CASE WHEN expires_at < :expires_at THEN :expires_at ELSE expires_at END
        WHERE tenant_id = :tenant_id AND id = :id AND revoked_at IS NULL
        """,
        tenant_id=tenant_id,
        id=grant_id,
        expires_at=expires_at,
    )
    return changed == 1


async def hold_user(tx: Tx, tenant_id: TenantId, user_id: UserId) -> bool:
    """Hold the live user's row until the transaction ends, so that two such transactions take turns. Answers False when
    there is none.
    """
    changed = await tx.run(
        """
        UPDATE users SET updated_at = updated_at
        WHERE tenant_id = :tenant_id AND id = :id AND disabled_at IS NULL AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=user_id,
    )
    return changed == 1


async def hold_group(tx: Tx, tenant_id: TenantId, group_id: GroupId) -> bool:
    """As `hold_user`, for a group."""
    changed = await tx.run(
        """
        UPDATE groups SET updated_at = updated_at WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=group_id,
    )
    return changed == 1


_REVOKE = """
        UPDATE grants SET revoked_at = :now
        WHERE tenant_id = :tenant_id AND revoked_at IS NULL"""
_RETURNING = "RETURNING id, connector_id"


async def revoke(tx: Tx, tenant_id: TenantId, grant_id: GrantId, now: Micros) -> RevokedGrant | None:
    """Revoke a grant. Answers None when there is no such one, or when it was revoked before."""
    return await tx.one_or_none(
        RevokedGrant,
        f"{_REVOKE} AND id = :id {_RETURNING}",
        tenant_id=tenant_id,
        id=grant_id,
        now=now,
    )


async def revoke_of_user(
    tx: Tx, tenant_id: TenantId, connector_id: ConnectorId, user_id: UserId, amr: str | None, now: Micros
) -> list[RevokedGrant]:
    """Revoke what the user has granted the connector, except for single groups; with `amr`, only what was granted after
    that kind of sign-in.
    """
    return await tx.all(
        RevokedGrant,
        f"""{_REVOKE}
          AND connector_id = :connector_id AND user_id = :user_id AND group_id IS NULL
          AND (CAST(:amr AS TEXT) IS NULL OR amr = CAST(:amr AS TEXT))
        {_RETURNING}""",
        tenant_id=tenant_id,
        connector_id=connector_id,
        user_id=user_id,
        amr=amr,
        now=now,
    )


async def count_live_of_user(
    read: Read, tenant_id: TenantId, user_id: UserId, connector_id: ConnectorId | None, *, most: int, now: Micros
) -> int:
    """The user's live grants, to this connector or to any, counted up to `most`."""
    [found] = await read.all(
        int,
        """
        SELECT COUNT(*) FROM (
            SELECT 1 FROM grants
            WHERE tenant_id = :tenant_id AND user_id = :user_id AND revoked_at IS NULL AND expires_at > :now
              AND (CAST(:connector_id AS TEXT) IS NULL OR connector_id = CAST(:connector_id AS TEXT))
            LIMIT :most) n
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        connector_id=connector_id,
        most=most,
        now=now,
    )
    return found


async def revoke_oldest_of_user(
    tx: Tx, tenant_id: TenantId, user_id: UserId, connector_id: ConnectorId | None, *, most: int, now: Micros
) -> list[RevokedGrant]:
    """Revoke the `most` oldest of the grants that `count_live_of_user` counts."""
    return await tx.all(
        RevokedGrant,
        f"""{_REVOKE} AND id IN (
            SELECT id FROM grants
            WHERE tenant_id = :tenant_id AND user_id = :user_id AND revoked_at IS NULL AND expires_at > :now
              AND (CAST(:connector_id AS TEXT) IS NULL OR connector_id = CAST(:connector_id AS TEXT))
            ORDER BY created_at, id LIMIT :most
        ) {_RETURNING}""",
        tenant_id=tenant_id,
        user_id=user_id,
        connector_id=connector_id,
        most=most,
        now=now,
    )


async def count_live_of_group(read: Read, tenant_id: TenantId, group_id: GroupId, *, most: int, now: Micros) -> int:
    """Live grants for this one group, counted up to `most`."""
    [found] = await read.all(
        int,
        """
        SELECT COUNT(*) FROM (
            SELECT 1 FROM grants
            WHERE tenant_id = :tenant_id AND group_id = :group_id AND revoked_at IS NULL AND expires_at > :now
            LIMIT :most) n
        """,
        tenant_id=tenant_id,
        group_id=group_id,
        most=most,
        now=now,
    )
    return found


async def revoke_oldest_of_group(
    tx: Tx, tenant_id: TenantId, group_id: GroupId, *, most: int, now: Micros
) -> list[RevokedGrant]:
    """Revoke the `most` oldest of the grants that `count_live_of_group` counts."""
    return await tx.all(
        RevokedGrant,
        f"""{_REVOKE} AND id IN (
            SELECT id FROM grants
            WHERE tenant_id = :tenant_id AND group_id = :group_id AND revoked_at IS NULL AND expires_at > :now
            ORDER BY created_at, id LIMIT :most
        ) {_RETURNING}""",
        tenant_id=tenant_id,
        group_id=group_id,
        most=most,
        now=now,
    )


async def revoke_all_of_user(tx: Tx, tenant_id: TenantId, user_id: UserId, now: Micros) -> list[RevokedGrant]:
    """Revoke all that the user has granted to any connector, for single groups too."""
    return await tx.all(
        RevokedGrant,
        f"{_REVOKE} AND user_id = :user_id AND expires_at > :now {_RETURNING}",
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
    )


async def revoke_all_of_proof(
    tx: Tx, tenant_id: TenantId, user_id: UserId, amr: str, now: Micros
) -> list[RevokedGrant]:
    """Revoke what the user has granted when authenticated by exactly `amr` (words divided by blanks)."""
    return await tx.all(
        RevokedGrant,
        f"{_REVOKE} AND user_id = :user_id AND amr = :amr AND expires_at > :now {_RETURNING}",
        tenant_id=tenant_id,
        user_id=user_id,
        amr=amr,
        now=now,
    )


async def revoke_of_group(
    tx: Tx, tenant_id: TenantId, connector_id: ConnectorId, group_id: GroupId, now: Micros
) -> list[RevokedGrant]:
    """Revoke what any user has granted the connector for this group."""
    return await tx.all(
        RevokedGrant,
        f"{_REVOKE} AND connector_id = :connector_id AND group_id = :group_id {_RETURNING}",
        tenant_id=tenant_id,
        connector_id=connector_id,
        group_id=group_id,
        now=now,
    )


async def revoke_all_of_group(tx: Tx, tenant_id: TenantId, group_id: GroupId, now: Micros) -> list[RevokedGrant]:
    """Revoke all that any user has granted to any connector for this group."""
    return await tx.all(
        RevokedGrant,
        f"{_REVOKE} AND group_id = :group_id AND expires_at > :now {_RETURNING}",
        tenant_id=tenant_id,
        group_id=group_id,
        now=now,
    )


async def exists(tx: Tx, tenant_id: TenantId, grant_id: GrantId) -> bool:
    """Whether there is such a grant, revoked or not."""
    found = await tx.one_or_none(
        str, "SELECT id FROM grants WHERE tenant_id = :tenant_id AND id = :id", tenant_id=tenant_id, id=grant_id
    )
    return found is not None


async def list_of_tenant(read: Read, tenant_id: TenantId, now: Micros, after_id: str, limit: int) -> list[LiveGrant]:
    """At most `limit` grants that are neither revoked nor past their end, after `after_id` (empty: from the start)."""
    return await read.all(
        LiveGrant,
        """
        SELECT id, connector_id, user_id, reach, group_id, permissions, created_at, expires_at FROM grants
        WHERE tenant_id = :tenant_id AND id > :after_id AND revoked_at IS NULL AND expires_at > :now
        ORDER BY id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        after_id=after_id,
        limit=limit,
    )
