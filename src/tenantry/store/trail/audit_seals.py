"""The `audit_seals` table, and the columns of events that seals cover. Seals are appended; no statement changes one."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Writes


class Seal(NamedTuple):
    """One row. It covers the events behind those of the seal before, up to `last_event_id`."""

    number: int
    last_event_id: str
    event_count: int
    digest: bytes
    sealed_at: int

    @property
    def mark(self) -> str:
        """`NUMBER:DIGEST`, which people keep elsewhere."""
        return f"{self.number}:{self.digest.hex()}"


class SealedEvent(NamedTuple):
    """The columns that a seal covers. With another column, or in another order, no existing seal would hold."""

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


class Look(NamedTuple):
    """Whether the trail has to be sealed. `waiting`: 1 when there are events behind the newest seal; `is_ahead`: 1 when
    that seal covers events of the future.
    """

    waiting: int
    is_ahead: int


async def insert(store: Writes, tenant_id: TenantId, seal: Seal) -> bool:
    """Add a seal. Answers False when the tenant has one with this number."""
    inserted = await store.run(
        """
        INSERT INTO audit_seals (tenant_id, number, last_event_id, event_count, digest, sealed_at)
        VALUES (:tenant_id, :number, :last_event_id, :event_count, :digest, :sealed_at)
        ON CONFLICT (tenant_id, number) DO NOTHING
        """,
        tenant_id=tenant_id,
        **seal._asdict(),
    )
    return inserted == 1


async def find_last(read: Read, tenant_id: TenantId) -> Seal | None:
    """The newest seal of the tenant."""
    return await read.one_or_none(
        Seal,
        """
        SELECT number, last_event_id, event_count, digest, sealed_at FROM audit_seals
        WHERE tenant_id = :tenant_id ORDER BY number DESC LIMIT 1
        """,
        tenant_id=tenant_id,
    )


async def look(read: Read, tenant_id: TenantId, until_id: str, now_id: str) -> Look:
    """Look at the end of the trail. Events up to `until_id` are to be sealed; ids of the future begin at `now_id`."""
    found = await read.one_or_none(
        Look,
        """
        SELECT (SELECT COUNT(*) FROM (
                    SELECT id FROM audit_events
                    WHERE tenant_id = :tenant_id AND id <= :until_id AND id > s.last_event_id ORDER BY id LIMIT 1
                ) e) AS waiting,
               CASE WHEN s.last_event_id > :now_id THEN 1 ELSE 0 END AS is_ahead
        FROM (
            SELECT COALESCE((SELECT last_event_id FROM audit_seals
                             WHERE tenant_id = :tenant_id ORDER BY number DESC LIMIT 1), '') AS last_event_id
        ) s
        """,
        tenant_id=tenant_id,
        until_id=until_id,
        now_id=now_id,
    )
    return found or Look(0, 0)


async def list_after(read: Read, tenant_id: TenantId, number: int, limit: int) -> list[Seal]:
    """At most `limit` seals behind `number`, in their order."""
    return await read.all(
        Seal,
        """
        SELECT number, last_event_id, event_count, digest, sealed_at FROM audit_seals
        WHERE tenant_id = :tenant_id AND number > :number ORDER BY number LIMIT :limit
        """,
        tenant_id=tenant_id,
        number=number,
        limit=limit,
    )


async def list_events(read: Read, tenant_id: TenantId, after_id: str, until_id: str, limit: int) -> list[SealedEvent]:
    """At most `limit` events with `after_id < id <= until_id`, oldest first."""
    return await read.all(
        SealedEvent,
        """
        SELECT id, at, type, actor, connector_id, grant_id, partner_tenant_id, correlation_id, address, data
        FROM audit_events WHERE tenant_id = :tenant_id AND id > :after_id AND id <= :until_id
        ORDER BY id LIMIT :limit
        """,
        tenant_id=tenant_id,
        after_id=after_id,
        until_id=until_id,
        limit=limit,
    )


async def list_ids_after(read: Read, tenant_id: TenantId, after_id: str, limit: int) -> list[str]:
    """The ids of at most `limit` events behind `after_id`, oldest first."""
    return await read.all(
        str,
        "SELECT id FROM audit_events WHERE tenant_id = :tenant_id AND id > :after_id ORDER BY id LIMIT :limit",
        tenant_id=tenant_id,
        after_id=after_id,
        limit=limit,
    )
