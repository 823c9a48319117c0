"""What a presented secret or key belongs to: for each kind one joined statement over connectors, grants, users and
tenants.

A row has all that decides, of deleted and disabled things too, so that the audit trail can say what was wrong. A secret
is found by its hash; the caller compares the hash once more, in constant time.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId, GrantId, GroupId, TenantId, UserId
from tenantry.store.engine.interface import Read


class PresentedRefreshToken(NamedTuple):
    """A connector; its secret, when the hash is that of a live one; and the refresh token, when there is such a one."""

    connector_kind: str
    connector_deleted_at: int | None
    secret_hash: bytes | None
    secret_last_used_at: int | None
    token_created_at: int | None
    token_expires_at: int
    token_last_used_at: int | None
    grant_id: GrantId
    grant_connector_id: ConnectorId
    user_id: UserId
    group_id: GroupId | None
    permissions: str
    amr: str
    grant_expires_at: int
    grant_revoked_at: int | None
    authenticated_at: int | None
    user_ended_at: int | None
    group_deleted_at: int | None
    tenant_ended_at: int | None


class PresentedConnector(NamedTuple):
    """A connector; and its secret, when the hash is that of a live one."""

    id: ConnectorId
    tenant_id: TenantId
    kind: str
    permissions: str
    deactivated_at: int | None
    deleted_at: int | None
    secret_hash: bytes | None
    secret_last_used_at: int | None
    tenant_ended_at: int | None


class ConnectorInUse(NamedTuple):
    """The connector behind an access token without a user."""

    id: ConnectorId
    tenant_id: TenantId
    kind: str
    permissions: str
    deleted_at: int | None
    tenant_ended_at: int | None


class PresentedKey(NamedTuple):
    """A service account's public key (PEM)."""

    connector_id: ConnectorId
    tenant_id: TenantId
    permissions: str
    deactivated_at: int | None
    deleted_at: int | None
    algorithm: str
    public_key: str
    revoked_at: int | None
    tenant_ended_at: int | None


class GrantInUse(NamedTuple):
    """The grant behind an access token."""

    connector_id: ConnectorId
    user_id: UserId
    reach: str
    group_id: GroupId | None
    connector_permissions: str
    amr: str
    revoked_at: int | None
    connector_deleted_at: int | None
    user_ended_at: int | None
    group_deleted_at: int | None
    tenant_ended_at: int | None
    reach_role_id: str | None
    """The role without which the grant reaches only what the user may; None when the user no longer holds it."""


class GrantedSignIn(NamedTuple):
    """The sign-in that a grant keeps for its connector, and who it was. `scope` and `amr` are space-separated."""

    connector_id: ConnectorId
    user_id: UserId
    amr: str
    authenticated_at: int
    scope: str
    user_principal_name: str
    display_name: str
    given_name: str | None
    family_name: str | None


async def find_refresh_token(
    read: Read, tenant_id: TenantId, token_hash: bytes, connector_id: str, secret_hash: bytes, now: Micros
) -> PresentedRefreshToken | None:
    """Answers None when there is no such connector. When there is no such refresh token, the columns after
    `secret_hash` are None. Hot path: 1 query.
    """
    return await read.one_or_none(
        PresentedRefreshToken,
        """
        SELECT c.kind AS connector_kind, c.deleted_at AS connector_deleted_at, s.secret_hash,
               s.last_used_at AS secret_last_used_at, r.created_at AS token_created_at,
               r.expires_at AS token_expires_at, r.last_used_at AS token_last_used_at,
               g.id AS grant_id, g.connector_id AS grant_connector_id, g.user_id, g.group_id, g.permissions, g.amr,
               g.expires_at AS grant_expires_at, g.revoked_at AS grant_revoked_at, g.authenticated_at,
               COALESCE(u.deleted_at, u.disabled_at) AS user_ended_at, x.deleted_at AS group_deleted_at,
               COALESCE(t.deleted_at, t.disabled_at) AS tenant_ended_at
        FROM connectors c
        LEFT JOIN connector_secrets s ON s.connector_id = c.id AND s.secret_hash = :secret_hash
            AND s.ended_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > :now)
        LEFT JOIN refresh_tokens r ON r.tenant_id = :tenant_id AND r.token_hash = :token_hash
        LEFT JOIN grants g ON g.tenant_id = :tenant_id AND g.id = r.grant_id
        LEFT JOIN users u ON u.tenant_id = :tenant_id AND u.id = g.user_id
            AND (u.deleted_at IS NOT NULL OR u.disabled_at IS NOT NULL)
        LEFT JOIN groups x ON x.tenant_id = :tenant_id AND x.id = g.group_id
        LEFT JOIN tenants t ON t.id = :tenant_id AND (t.deleted_at IS NOT NULL OR t.disabled_at IS NOT NULL)
        WHERE c.id = :connector_id
        """,
        tenant_id=tenant_id,
        token_hash=token_hash,
        connector_id=connector_id,
        secret_hash=secret_hash,
        now=now,
    )


async def find_connector(read: Read, connector_id: str, secret_hash: bytes, now: Micros) -> PresentedConnector | None:
    """The connector that a client names, in whatever state."""
    return await read.one_or_none(
        PresentedConnector,
        """
        SELECT c.id, c.tenant_id, c.kind, c.permissions, c.deactivated_at, c.deleted_at, s.secret_hash,
               s.last_used_at AS secret_last_used_at, COALESCE(t.deleted_at, t.disabled_at) AS tenant_ended_at
        FROM connectors c JOIN tenants t ON t.id = c.tenant_id
        LEFT JOIN connector_secrets s ON s.connector_id = c.id AND s.secret_hash = :secret_hash
            AND s.ended_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > :now)
        WHERE c.id = :connector_id
        """,
        connector_id=connector_id,
        secret_hash=secret_hash,
        now=now,
    )


async def find_connector_in_use(read: Read, connector_id: str) -> ConnectorInUse | None:
    """The connector with the state of its tenant. Hot path: 1 query."""
    return await read.one_or_none(
        ConnectorInUse,
        """
        SELECT c.id, c.tenant_id, c.kind, c.permissions, c.deleted_at,
               COALESCE(t.deleted_at, t.disabled_at) AS tenant_ended_at
        FROM connectors c JOIN tenants t ON t.id = c.tenant_id WHERE c.id = :connector_id
        """,
        connector_id=connector_id,
    )


async def find_service_account_key(read: Read, email: str, key_id: str) -> PresentedKey | None:
    """The key with this id of the service account with that e-mail address, in whatever state."""
    return await read.one_or_none(
        PresentedKey,
        """
        SELECT c.id AS connector_id, c.tenant_id, c.permissions, c.deactivated_at, c.deleted_at,
               k.algorithm, k.public_key, k.revoked_at, COALESCE(t.deleted_at, t.disabled_at) AS tenant_ended_at
        FROM connectors c JOIN service_account_keys k ON k.connector_id = c.id JOIN tenants t ON t.id = c.tenant_id
        WHERE c.email = :email AND k.id = :key_id
        """,
        email=email,
        key_id=key_id,
    )


async def list_service_account_keys(read: Read, email: str, *, limit: int) -> list[PresentedKey]:
    """Keys of the service account with that e-mail address: live ones before revoked ones, newest first."""
    return await read.all(
        PresentedKey,
        """
        SELECT c.id AS connector_id, c.tenant_id, c.permissions, c.deactivated_at, c.deleted_at,
               k.algorithm, k.public_key, k.revoked_at, COALESCE(t.deleted_at, t.disabled_at) AS tenant_ended_at
        FROM connectors c JOIN service_account_keys k ON k.connector_id = c.id JOIN tenants t ON t.id = c.tenant_id
        WHERE c.email = :email
        ORDER BY CASE WHEN k.revoked_at IS NULL THEN 0 ELSE 1 END, k.created_at DESC, k.id LIMIT :limit
        """,
        email=email,
        limit=limit,
    )


async def find_grant_in_use(
    read: Read, tenant_id: TenantId, grant_id: str, *, reach_role_id: str, now: Micros
) -> GrantInUse | None:
    """The grant, with the state of all that it depends on. Hot path: 1 query."""
    return await read.one_or_none(
        GrantInUse,
        """
        SELECT g.connector_id, g.user_id, g.reach, g.group_id, c.permissions AS connector_permissions, g.amr,
               g.revoked_at, c.deleted_at AS connector_deleted_at,
               COALESCE(u.deleted_at, u.disabled_at) AS user_ended_at,
               x.deleted_at AS group_deleted_at, COALESCE(t.deleted_at, t.disabled_at) AS tenant_ended_at,
               a.role_id AS reach_role_id
        FROM grants g
        JOIN connectors c ON c.id = g.connector_id
        JOIN users u ON u.tenant_id = :tenant_id AND u.id = g.user_id
        JOIN tenants t ON t.id = g.tenant_id
        LEFT JOIN groups x ON x.tenant_id = :tenant_id AND x.id = g.group_id
        LEFT JOIN role_assignments a ON a.tenant_id = :tenant_id AND a.user_id = g.user_id
            AND a.role_id = :reach_role_id AND (a.expires_at IS NULL OR a.expires_at > :now)
        WHERE g.tenant_id = :tenant_id AND g.id = :grant_id
        """,
        tenant_id=tenant_id,
        grant_id=grant_id,
        reach_role_id=reach_role_id,
        now=now,
    )


async def find_granted_sign_in(read: Read, tenant_id: TenantId, grant_id: GrantId) -> GrantedSignIn | None:
    """Find the sign-in that the grant keeps; None when it keeps none. Whether the grant is still good is not asked
    here: the caller has asked it.
    """
    return await read.one_or_none(
        GrantedSignIn,
        """
        SELECT g.connector_id, g.user_id, g.amr, g.authenticated_at, g.sign_in_scope AS scope, u.user_principal_name,
               u.display_name, u.given_name, u.family_name
        FROM grants g JOIN users u ON u.tenant_id = :tenant_id AND u.id = g.user_id
        WHERE g.tenant_id = :tenant_id AND g.id = :grant_id AND g.authenticated_at IS NOT NULL
        """,
        tenant_id=tenant_id,
        grant_id=grant_id,
    )


async def tenant_exists(read: Read, tenant_id: TenantId) -> bool:
    """Whether there is such a tenant, disabled and deleted ones included: their trail goes on."""
    return await read.one_or_none(str, "SELECT id FROM tenants WHERE id = :tenant_id", tenant_id=tenant_id) is not None
