"""The trail as people search it, newest first.

Most events are issued tokens, which are rarely asked for: statements that leave them out have an index of the rest.
Times are bounds on the id, which begins with the time: `since <= id < before`.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read

FIRST, LAST = "", "~"
"""Bounds that leave nothing out."""


class FoundEvent(NamedTuple):
    """One event, with the name of who did it: a user or connector of the tenant, or a partner's user."""

    id: str
    at: int
    type: str
    actor: str
    connector_id: str | None
    grant_id: str | None
    partner_tenant_id: str | None
    correlation_id: str
    address: str
    data: str
    user_name: str | None
    connector_name: str | None
    partner_name: str | None


_COLUMNS = """
        SELECT e.id, e.at, e.type, e.actor, e.connector_id, e.grant_id, e.partner_tenant_id, e.correlation_id,
               e.address, e.data, u.display_name AS user_name, c.name AS connector_name, p.name AS partner_name
        FROM audit_events e
        LEFT JOIN users u ON u.tenant_id = :tenant_id AND u.id = SUBSTR(e.actor, 6)
        LEFT JOIN connectors c ON c.id = e.connector_id
        LEFT JOIN tenants p ON p.id = e.partner_tenant_id
        WHERE e.tenant_id = :tenant_id AND e.id < :before AND e.id >= :since
"""
_RARE = " AND e.type <> 'access_token.issued' AND e.type <> 'device_token.issued'"
_OF_PARTNER = " AND e.partner_tenant_id IS NOT NULL AND e.partner_tenant_id = :partner_tenant_id" + _RARE
"""It says twice that there is a partner, since the index of partners' events has only those that have one."""
_NEWEST = " ORDER BY e.id DESC LIMIT :limit"


async def latest(read: Read, tenant_id: TenantId, *, since: str, before: str, limit: int) -> list[FoundEvent]:
    """Every event but issued tokens."""
    return await read.all(
        FoundEvent, _COLUMNS + _RARE + _NEWEST, tenant_id=tenant_id, since=since, before=before, limit=limit
    )


async def everything(read: Read, tenant_id: TenantId, *, since: str, before: str, limit: int) -> list[FoundEvent]:
    """Every event, issued tokens too."""
    return await read.all(FoundEvent, _COLUMNS + _NEWEST, tenant_id=tenant_id, since=since, before=before, limit=limit)


async def of_type(
    read: Read, tenant_id: TenantId, type: str, *, since: str, before: str, limit: int
) -> list[FoundEvent]:
    """Events of one type, which is not that of issued tokens."""
    return await read.all(
        FoundEvent,
        _COLUMNS + _RARE + " AND e.type = :type" + _NEWEST,
        tenant_id=tenant_id,
        type=type,
        since=since,
        before=before,
        limit=limit,
    )


async def of_actor(
    read: Read, tenant_id: TenantId, actor: str, *, type: str | None, since: str, before: str, limit: int
) -> list[FoundEvent]:
    """What one actor did, without issued tokens; of one type when `type` is given."""
    return await read.all(
        FoundEvent,
        _COLUMNS + _RARE + " AND e.actor = :actor AND (CAST(:type AS TEXT) IS NULL OR e.type = :type)" + _NEWEST,
        tenant_id=tenant_id,
        actor=actor,
        type=type,
        since=since,
        before=before,
        limit=limit,
    )


async def of_partner(
    read: Read, tenant_id: TenantId, partner_tenant_id: TenantId, *, since: str, limit: int
) -> list[FoundEvent]:
    """What the users of one partner did in this tenant, without issued tokens."""
    return await read.all(
        FoundEvent,
        _COLUMNS + _OF_PARTNER + _NEWEST,
        tenant_id=tenant_id,
        partner_tenant_id=partner_tenant_id,
        since=since,
        before=LAST,
        limit=limit,
    )


async def accounts_of_partner(
    read: Read, tenant_id: TenantId, partner_tenant_id: TenantId, *, limit: int
) -> list[FoundEvent]:
    """Events by which one partner made accounts, or got to know how to sign in to them; newest first."""
    return await read.all(
        FoundEvent,
        _COLUMNS
        + _OF_PARTNER
        + " AND e.type IN ('user.created', 'user.restored', 'password.set', 'enrolment.code_made')"
        + _NEWEST,
        tenant_id=tenant_id,
        partner_tenant_id=partner_tenant_id,
        since=FIRST,
        before=LAST,
        limit=limit,
    )


async def left_by_partner(
    read: Read, tenant_id: TenantId, partner_tenant_id: TenantId, *, limit: int
) -> list[FoundEvent]:
    """Events by which one partner made, gave or switched on anything else that goes on when its relationship ends;
    newest first.
    """
    return await read.all(
        FoundEvent,
        _COLUMNS
        + _OF_PARTNER
        + """ AND e.type IN ('user.unblocked', 'user.updated', 'role.assigned', 'group.created', 'group.restored',
                'group.linked', 'group.member_added', 'group.member_role_set', 'group_invitation.created',
                'webhook.registered', 'webhook.updated', 'webhook.enabled', 'connector.registered',
                'connector.activated', 'connector.secret_added', 'service_account_key.added', 'grant.created',
                'enterprise.enrolled', 'enterprise.account_set', 'managed_account.created',
                'managed_account.updated')"""
        + _NEWEST,
        tenant_id=tenant_id,
        partner_tenant_id=partner_tenant_id,
        since=FIRST,
        before=LAST,
        limit=limit,
    )


async def of_request(read: Read, tenant_id: TenantId, correlation_id: str, *, limit: int) -> list[FoundEvent]:
    """What one request caused, without issued tokens."""
    return await read.all(
        FoundEvent,
        _COLUMNS + _RARE + " AND e.correlation_id = :correlation_id" + _NEWEST,
        tenant_id=tenant_id,
        correlation_id=correlation_id,
        since=FIRST,
        before=LAST,
        limit=limit,
    )
