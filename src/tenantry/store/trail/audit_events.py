"""The `audit_events` table. Rows are appended and read in order; no statement changes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Tx, Value, Writes


class AuditEvent(NamedTuple):
    """One row. `data` is JSON, and has the `type` too."""

    tenant_id: str
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


async def insert(
    tx: Writes,
    tenant_id: TenantId,
    *,
    id: str,
    at: Micros,
    type: str,
    actor: str,
    connector_id: str | None,
    grant_id: str | None,
    partner_tenant_id: str | None,
    correlation_id: str,
    address: str,
    data: str,
) -> None:
    """Append one event. Hot path: 1 write."""
    await tx.run(
        """
        INSERT INTO audit_events (tenant_id, id, at, type, actor, connector_id, grant_id, partner_tenant_id,
                                  correlation_id, address, data)
        VALUES (:tenant_id, :id, :at, :type, :actor, :connector_id, :grant_id, :partner_tenant_id,
                :correlation_id, :address, :data)
        """,
        tenant_id=tenant_id,
        id=id,
        at=at,
        type=type,
        actor=actor,
        connector_id=connector_id,
        grant_id=grant_id,
        partner_tenant_id=partner_tenant_id,
        correlation_id=correlation_id,
        address=address,
        data=data,
    )


_INSERT_UNSEALED = """
        INSERT INTO audit_events (tenant_id, id, at, type, actor, connector_id, grant_id, partner_tenant_id,
                                  correlation_id, address, data)
        SELECT CAST(:tenant_id AS TEXT),
               CASE WHEN s.last_event_id > CAST(:id AS TEXT) AND s.last_event_id < 'g'
                    THEN s.last_event_id || CAST(:id AS TEXT) ELSE CAST(:id AS TEXT) END,
               CAST(:at AS BIGINT), CAST(:type AS TEXT), CAST(:actor AS TEXT), CAST(:connector_id AS TEXT),
               CAST(:grant_id AS TEXT), CAST(:partner_tenant_id AS TEXT), CAST(:correlation_id AS TEXT),
               CAST(:address AS TEXT), CAST(:data AS TEXT)
        FROM (
            SELECT COALESCE((SELECT last_event_id FROM audit_seals
                             WHERE tenant_id = :tenant_id ORDER BY number DESC LIMIT 1), '') AS last_event_id
        ) s
        """


async def insert_unsealed(
    tx: Writes,
    tenant_id: TenantId,
    *,
    id: str,
    at: Micros,
    type: str,
    actor: str,
    connector_id: str | None,
    grant_id: str | None,
    partner_tenant_id: str | None,
    correlation_id: str,
    address: str,
    data: str,
) -> None:
    """As `insert`, but put the event behind what the newest seal covers, whatever the clock says, by an id that comes
    after the seal's last.

    It costs one look at the newest seal. The ids of events are hexadecimal digits, so a seal with another id in it was
    not made here, and is passed over.
    """
    await tx.run(
        _INSERT_UNSEALED,
        tenant_id=tenant_id,
        id=id,
        at=at,
        type=type,
        actor=actor,
        connector_id=connector_id,
        grant_id=grant_id,
        partner_tenant_id=partner_tenant_id,
        correlation_id=correlation_id,
        address=address,
        data=data,
    )


async def insert_all_unsealed(tx: Tx, rows: Sequence[Mapping[str, Value]]) -> None:
    """Do as `insert_unsealed` for each row, in one round trip. A row has what that function takes, and the tenant."""
    await tx.run_many(_INSERT_UNSEALED, rows)


async def list_about(
    read: Read, tenant_id: TenantId, about: TenantId, type: str, before_id: str, limit: int
) -> list[AuditEvent]:
    """At most `limit` events of this type in the trail of `tenant_id` whose caller is of the tenant `about`, and that
    come before `before_id`, newest first.
    """
    return await read.all(
        AuditEvent,
        """
        SELECT tenant_id, id, at, type, actor, connector_id, grant_id, partner_tenant_id, correlation_id, address, data
        FROM audit_events
        WHERE tenant_id = :tenant_id AND partner_tenant_id = :about AND type = :type AND id < :before_id
          AND type <> 'access_token.issued' AND type <> 'device_token.issued'
        ORDER BY id DESC LIMIT :limit
        """,
        tenant_id=tenant_id,
        about=about,
        type=type,
        before_id=before_id,
        limit=limit,
    )


async def list_after(read: Read, tenant_id: TenantId, after_id: str, limit: int) -> list[AuditEvent]:
    """At most `limit` events of one tenant that come after `after_id` (empty: from the beginning), oldest first."""
    return await read.all(
        AuditEvent,
        """
        SELECT tenant_id, id, at, type, actor, connector_id, grant_id, partner_tenant_id, correlation_id, address, data
        FROM audit_events WHERE tenant_id = :tenant_id AND id > :after_id
        ORDER BY id LIMIT :limit
        """,
        tenant_id=tenant_id,
        after_id=after_id,
        limit=limit,
    )


async def list_latest(read: Read, tenant_id: TenantId, limit: int) -> list[AuditEvent]:
    """The last `limit` events of one tenant, newest first."""
    return await read.all(
        AuditEvent,
        """
        SELECT tenant_id, id, at, type, actor, connector_id, grant_id, partner_tenant_id, correlation_id, address, data
        FROM audit_events WHERE tenant_id = :tenant_id
        ORDER BY id DESC LIMIT :limit
        """,
        tenant_id=tenant_id,
        limit=limit,
    )
