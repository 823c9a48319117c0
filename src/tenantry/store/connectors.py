"""The `connectors`, `connector_secrets` and `service_account_keys` tables. Small and read everywhere (reference)."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId, TenantId
from tenantry.store.engine import Read, Tx, Writes


class Connector(NamedTuple):
    """One row. `permissions` is space-separated, `redirect_uris` a JSON array."""

    id: ConnectorId
    tenant_id: TenantId
    kind: str
    name: str
    description: str
    permissions: str
    redirect_uris: str
    email: str | None
    created_by: str | None
    created_at: int
    deactivated_at: int | None
    deleted_at: int | None


class ConnectorSecret(NamedTuple):
    """One secret, as people may see it. `last_used_at` is true within the hour."""

    id: str
    hint: str
    created_at: int
    expires_at: int | None
    last_used_at: int | None


class ServiceAccountKey(NamedTuple):
    """One public key; `id` is the `kid` of assertions."""

    id: str
    algorithm: str
    created_at: int
    revoked_at: int | None


async def insert(
    tx: Tx,
    connector_id: ConnectorId,
    tenant_id: TenantId,
    *,
    kind: str,
    name: str,
    description: str,
    permissions: str,
    redirect_uris: str,
    email: str | None,
    created_by: str | None,
    now: Micros,
) -> bool:
    """Add a connector. False when its id or e-mail address is taken."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO connectors (id, tenant_id, kind, name, description, permissions, redirect_uris, email, created_by,
                                created_at)
        VALUES (:id, :tenant_id, :kind, :name, :description, :permissions, :redirect_uris, :email, :created_by, :now)
        ON CONFLICT DO NOTHING RETURNING id
        """,
        id=connector_id,
        tenant_id=tenant_id,
        kind=kind,
        name=name,
        description=description,
        permissions=permissions,
        redirect_uris=redirect_uris,
        email=email,
        created_by=created_by,
        now=now,
    )
    return row is not None


async def find(read: Read, tenant_id: TenantId, connector_id: ConnectorId) -> Connector | None:
    """A connector of this tenant that is not deleted; it may be deactivated."""
    return await read.one_or_none(
        Connector,
        """
        SELECT id, tenant_id, kind, name, description, permissions, redirect_uris, email, created_by, created_at,
               deactivated_at, deleted_at
        FROM connectors WHERE id = :id AND tenant_id = :tenant_id AND deleted_at IS NULL
        """,
        id=connector_id,
        tenant_id=tenant_id,
    )


async def find_by_id(read: Read, connector_id: ConnectorId) -> Connector | None:
    """The connector that a client names, in whatever tenant and state: on the wire its id comes without a tenant."""
    return await read.one_or_none(
        Connector,
        """
        SELECT id, tenant_id, kind, name, description, permissions, redirect_uris, email, created_by, created_at,
               deactivated_at, deleted_at
        FROM connectors WHERE id = :id
        """,
        id=connector_id,
    )


async def list_of_tenant(read: Read, tenant_id: TenantId, after_id: str, limit: int) -> list[Connector]:
    """At most `limit` connectors of the tenant after `after_id` (empty: from the beginning), without deleted ones."""
    return await read.all(
        Connector,
        """
        SELECT id, tenant_id, kind, name, description, permissions, redirect_uris, email, created_by, created_at,
               deactivated_at, deleted_at
        FROM connectors WHERE tenant_id = :tenant_id AND id > :after_id AND deleted_at IS NULL
        ORDER BY id LIMIT :limit
        """,
        tenant_id=tenant_id,
        after_id=after_id,
        limit=limit,
    )


async def hold(tx: Tx, tenant_id: TenantId, connector_id: ConnectorId) -> Connector | None:
    """Like `find`, and locks the row until the transaction ends, so that twins take turns."""
    return await tx.one_or_none(
        Connector,
        """
        UPDATE connectors SET name = name WHERE id = :id AND tenant_id = :tenant_id AND deleted_at IS NULL
        RETURNING id, tenant_id, kind, name, description, permissions, redirect_uris, email, created_by, created_at,
                  deactivated_at, deleted_at
        """,
        id=connector_id,
        tenant_id=tenant_id,
    )


async def mark_deactivated(tx: Tx, tenant_id: TenantId, connector_id: ConnectorId, now: Micros) -> bool:
    """False when there is no such active connector."""
    changed = await tx.run(
        """
        UPDATE connectors SET deactivated_at = :now
        WHERE id = :id AND tenant_id = :tenant_id AND deactivated_at IS NULL AND deleted_at IS NULL
        """,
        id=connector_id,
        tenant_id=tenant_id,
        now=now,
    )
    return changed == 1


async def mark_activated(tx: Tx, tenant_id: TenantId, connector_id: ConnectorId) -> bool:
    """False when there is no such deactivated connector."""
    changed = await tx.run(
        """
        UPDATE connectors SET deactivated_at = NULL
        WHERE id = :id AND tenant_id = :tenant_id AND deactivated_at IS NOT NULL AND deleted_at IS NULL
        """,
        id=connector_id,
        tenant_id=tenant_id,
    )
    return changed == 1


async def mark_deleted(tx: Tx, tenant_id: TenantId, connector_id: ConnectorId, now: Micros) -> bool:
    """False when there is no such connector, or it was deleted before."""
    changed = await tx.run(
        """
        UPDATE connectors SET deleted_at = :now
        WHERE id = :id AND tenant_id = :tenant_id AND deleted_at IS NULL
        """,
        id=connector_id,
        tenant_id=tenant_id,
        now=now,
    )
    return changed == 1


async def insert_secret(
    tx: Tx,
    connector_id: ConnectorId,
    secret_id: str,
    *,
    secret_hash: bytes,
    hint: str,
    expires_at: Micros | None,
    now: Micros,
) -> None:
    """Add a secret. The caller holds the connector and has counted the live ones."""
    await tx.run(
        """
        INSERT INTO connector_secrets (connector_id, id, secret_hash, hint, created_at, expires_at)
        VALUES (:connector_id, :id, :secret_hash, :hint, :now, :expires_at)
        """,
        connector_id=connector_id,
        id=secret_id,
        secret_hash=secret_hash,
        hint=hint,
        now=now,
        expires_at=expires_at,
    )


async def list_live_secrets(read: Read, connector_id: ConnectorId, now: Micros) -> list[ConnectorSecret]:
    """Neither ended nor expired, oldest first. At most two, see connectors/secrets.py."""
    return await read.all(
        ConnectorSecret,
        """
        SELECT id, hint, created_at, expires_at, last_used_at FROM connector_secrets
        WHERE connector_id = :connector_id AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
        ORDER BY created_at, id
        """,
        connector_id=connector_id,
        now=now,
    )


async def note_use(tx: Writes, connector_id: ConnectorId, secret_hash: bytes, at: Micros) -> None:
    """The secret was found right."""
    await tx.run(
        """
        UPDATE connector_secrets SET last_used_at = :at
        WHERE connector_id = :connector_id AND secret_hash = :secret_hash
          AND (last_used_at IS NULL OR last_used_at < :at)
        """,
        connector_id=connector_id,
        secret_hash=secret_hash,
        at=at,
    )


async def mark_secret_ended(tx: Tx, connector_id: ConnectorId, secret_id: str, now: Micros) -> bool:
    """False when there is no such secret, or it was ended before."""
    changed = await tx.run(
        """
        UPDATE connector_secrets SET ended_at = :now
        WHERE connector_id = :connector_id AND id = :id AND ended_at IS NULL
        """,
        connector_id=connector_id,
        id=secret_id,
        now=now,
    )
    return changed == 1


async def insert_key(
    tx: Tx, connector_id: ConnectorId, key_id: str, *, algorithm: str, public_key: str, now: Micros
) -> bool:
    """Add a service account's public key (PEM). False when the account has a key of that id."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO service_account_keys (connector_id, id, algorithm, public_key, created_at)
        VALUES (:connector_id, :id, :algorithm, :public_key, :now)
        ON CONFLICT (connector_id, id) DO NOTHING RETURNING id
        """,
        connector_id=connector_id,
        id=key_id,
        algorithm=algorithm,
        public_key=public_key,
        now=now,
    )
    return row is not None


async def list_keys(read: Read, connector_id: ConnectorId) -> list[ServiceAccountKey]:
    """Every key of the service account, revoked ones included, oldest first."""
    return await read.all(
        ServiceAccountKey,
        """
        SELECT id, algorithm, created_at, revoked_at FROM service_account_keys
        WHERE connector_id = :connector_id ORDER BY created_at, id
        """,
        connector_id=connector_id,
    )


async def mark_key_revoked(tx: Tx, connector_id: ConnectorId, key_id: str, now: Micros) -> bool:
    """False when there is no such key, or it was revoked before."""
    changed = await tx.run(
        """
        UPDATE service_account_keys SET revoked_at = :now
        WHERE connector_id = :connector_id AND id = :id AND revoked_at IS NULL
        """,
        connector_id=connector_id,
        id=key_id,
        now=now,
    )
    return changed == 1
