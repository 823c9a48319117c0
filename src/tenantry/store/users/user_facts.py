"""What belongs to one user, for the page on that user: tokens that the user gave, and work accounts."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read


class GivenToken(NamedTuple):
    """A live grant of the user. `last_used_at` is the last use of its refresh tokens, to the hour."""

    id: str
    connector_id: str
    connector_name: str
    reach: str
    group_name: str | None
    created_at: int
    expires_at: int
    last_used_at: int | None


class WorkAccount(NamedTuple):
    """A live managed account of the user. `devices` counts those that are provisioned."""

    id: str
    enterprise_id: str
    enterprise_name: str
    account_identifier: str | None
    devices: int


async def list_tokens(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros, *, limit: int) -> list[GivenToken]:
    """At most `limit` live grants, newest first."""
    return await read.all(
        GivenToken,
        """
        SELECT t.id, t.connector_id, c.name AS connector_name, t.reach, g.name AS group_name, t.created_at,
               t.expires_at,
               (SELECT MAX(r.last_used_at) FROM refresh_tokens r
                WHERE r.tenant_id = :tenant_id AND r.grant_id = t.id) AS last_used_at
        FROM grants t JOIN connectors c ON c.id = t.connector_id AND c.deleted_at IS NULL
        LEFT JOIN groups g ON g.tenant_id = :tenant_id AND g.id = t.group_id
        WHERE t.tenant_id = :tenant_id AND t.user_id = :user_id AND t.revoked_at IS NULL AND t.expires_at > :now
        ORDER BY t.created_at DESC, t.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        now=now,
        limit=limit,
    )


async def list_accounts(read: Read, tenant_id: TenantId, user_id: UserId, *, limit: int) -> list[WorkAccount]:
    """At most `limit` managed accounts of enterprises that are still enrolled."""
    return await read.all(
        WorkAccount,
        """
        SELECT m.id, m.enterprise_id, e.name AS enterprise_name, m.account_identifier, m.device_count AS devices
        FROM managed_accounts m
        JOIN enterprises e ON e.id = m.enterprise_id AND e.tenant_id = :tenant_id AND e.unenrolled_at IS NULL
        WHERE m.tenant_id = :tenant_id AND m.user_id = :user_id AND m.deleted_at IS NULL
        ORDER BY m.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        user_id=user_id,
        limit=limit,
    )
