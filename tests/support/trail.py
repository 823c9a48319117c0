"""What the audit trail of a tenant says."""

from __future__ import annotations

from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Store
from tenantry.store.trail import audit_events


async def types_of(store: Store, tenant_id: TenantId) -> list[str]:
    """The types of the tenant's events, oldest first; those of one instant as they were written."""
    async with store.read() as read:
        return [event.type for event in reversed(await audit_events.list_latest(read, tenant_id, 1000))]
