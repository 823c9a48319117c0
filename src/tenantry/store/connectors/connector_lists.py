"""Connectors as people list and search them."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId, TenantId
from tenantry.store.engine.interface import Read


class ListedConnector(NamedTuple):
    """One line. `tokens` counts live grants; `name_key` is what the list is sorted by. `last_used_at`, to the hour, is
    the last use of the connector's secrets, or of its tokens if it has no secret.
    """

    id: ConnectorId
    name: str
    kind: str
    permissions: str
    owner_name: str | None
    created_at: int
    deactivated_at: int | None
    tokens: int
    last_used_at: int | None
    name_key: str


async def list_by_name(
    read: Read,
    tenant_id: TenantId,
    now: Micros,
    *,
    created_by: str | None = None,
    named_like: str = "%",
    after: tuple[str, str] = ("", ""),
    limit: int,
) -> list[ListedConnector]:
    """At most `limit` connectors by name, after the position (`name_key`, `id`). Service accounts are left out.

    `created_by`: only this user's. `named_like`: a LIKE pattern in normal form, whose escape character is `!`.
    """
    return await read.all(
        ListedConnector,
        """
        SELECT c.id, c.name, c.kind, c.permissions, u.display_name AS owner_name, c.created_at, c.deactivated_at,
               (SELECT COUNT(*) FROM grants t
                WHERE t.tenant_id = :tenant_id AND t.connector_id = c.id AND t.revoked_at IS NULL
                  AND t.expires_at > :now) AS tokens,
               CASE c.kind WHEN 'public' THEN
                   (SELECT MAX(r.last_used_at) FROM grants t
                    JOIN refresh_tokens r ON r.tenant_id = :tenant_id AND r.grant_id = t.id
                    WHERE t.tenant_id = :tenant_id AND t.connector_id = c.id AND t.revoked_at IS NULL)
               ELSE (SELECT MAX(s.last_used_at) FROM connector_secrets s WHERE s.connector_id = c.id) END
               AS last_used_at,
               c.name_key
        FROM connectors c LEFT JOIN users u ON u.tenant_id = :tenant_id AND u.id = c.created_by
        WHERE c.tenant_id = :tenant_id AND c.deleted_at IS NULL AND c.kind <> 'service_account'
          AND (CAST(:created_by AS TEXT) IS NULL OR c.created_by = :created_by)
          AND c.name_key LIKE :named_like ESCAPE '!'
          AND (c.name_key, c.id) > (:after_name, :after_id)
        ORDER BY c.name_key, c.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        created_by=created_by,
        named_like=named_like,
        after_name=after[0],
        after_id=after[1],
        limit=limit,
    )


class Choice(NamedTuple):
    """One option of a drop-down."""

    id: ConnectorId
    name: str


async def list_grantable(read: Read, tenant_id: TenantId, limit: int) -> list[Choice]:
    """The active connectors by name, from which a group's admin may choose."""
    return await read.all(
        Choice,
        """
        SELECT id, name FROM connectors
        WHERE tenant_id = :tenant_id AND deleted_at IS NULL AND deactivated_at IS NULL AND kind <> 'service_account'
        ORDER BY name_key, id LIMIT :limit
        """,
        tenant_id=tenant_id,
        limit=limit,
    )


class WaitingConnector(NamedTuple):
    """A connector for which permissions wait, and the user who registered it and so asked for them. `owner_ended_at`:
    when that user was disabled or deleted; the names are None when the user's row is gone.
    """

    id: ConnectorId
    name: str
    waiting_permissions: str
    waiting_since: int
    created_by: str | None
    owner_name: str | None
    owner_principal_name: str | None
    owner_ended_at: int | None
    of_all: int


async def list_waiting(
    read: Read, tenant_id: TenantId, *, after: tuple[int, str] = (0, ""), limit: int
) -> list[WaitingConnector]:
    """At most `limit` connectors for which permissions wait, the longest wait first, after the position
    (`waiting_since`, `id`). `of_all` counts all from there on.
    """
    return await read.all(
        WaitingConnector,
        """
        SELECT c.id, c.name, c.waiting_permissions, c.waiting_since, c.created_by, u.display_name AS owner_name,
               u.user_principal_name AS owner_principal_name,
               COALESCE(u.deleted_at, u.disabled_at) AS owner_ended_at, COUNT(*) OVER () AS of_all
        FROM connectors c LEFT JOIN users u ON u.tenant_id = :tenant_id AND u.id = c.created_by
        WHERE c.tenant_id = :tenant_id AND c.waiting_since IS NOT NULL AND c.deleted_at IS NULL
          AND (c.waiting_since, c.id) > (:after_since, :after_id)
        ORDER BY c.waiting_since, c.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        after_since=after[0],
        after_id=after[1],
        limit=limit,
    )
