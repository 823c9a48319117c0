"""The `shared_callbacks` table: providers from before each had a redirect address of its own. Nothing adds rows to it.

A row stays when its provider gets an address of its own or is removed, since the old address may still be registered at
the provider.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Tx


class SharedCallback(NamedTuple):
    """A provider that has to be registered with its own address."""

    tenant_id: TenantId
    provider_id: str


async def replace(tx: Tx, tenant_id: TenantId, provider_id: str, now: Micros) -> bool:
    """Let the provider use its own address from now on. Answers False when it did not use the shared one."""
    changed = await tx.run(
        """
        UPDATE shared_callbacks SET replaced_at = :now
        WHERE tenant_id = :tenant_id AND provider_id = :provider_id AND replaced_at IS NULL
        """,
        tenant_id=tenant_id,
        provider_id=provider_id,
        now=now,
    )
    return changed == 1


async def is_of_several_tenants(read: Read, tenant_id: TenantId) -> bool:
    """Whether a provider of another tenant has, or had, the shared address too."""
    found = await read.one_or_none(
        int, "SELECT 1 FROM shared_callbacks WHERE tenant_id <> :tenant_id LIMIT 1", tenant_id=tenant_id
    )
    return found is not None


async def list_in_use(read: Read, limit: int) -> list[SharedCallback]:
    """Providers of tenants that are not deleted that still use the shared address."""
    return await read.all(
        SharedCallback,
        """
        SELECT s.tenant_id, s.provider_id FROM shared_callbacks s JOIN tenants t ON t.id = s.tenant_id
        WHERE s.replaced_at IS NULL AND t.deleted_at IS NULL ORDER BY s.tenant_id, s.provider_id LIMIT :limit
        """,
        limit=limit,
    )
