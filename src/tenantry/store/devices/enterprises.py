"""The `enterprises` table: which tenant an enterprise belongs to, and which tenant manages its devices. It is a
reference table.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import ConnectorId, EnterpriseId, TenantId
from tenantry.core.normal_form import name_key
from tenantry.store.engine.interface import Read, Tx


class Enterprise(NamedTuple):
    """A customer tenant's binding to an EMM."""

    id: EnterpriseId
    tenant_id: TenantId
    emm_tenant_id: TenantId
    name: str
    primary_domain: str | None
    service_account_id: ConnectorId | None


async def insert(
    tx: Tx,
    enterprise_id: EnterpriseId,
    *,
    tenant_id: TenantId,
    emm_tenant_id: TenantId,
    name: str,
    primary_domain: str | None,
    now: Micros,
) -> None:
    """Add an enterprise, which has no service account of its own yet."""
    await tx.run(
        """
        INSERT INTO enterprises (id, tenant_id, emm_tenant_id, name, name_key, primary_domain, created_at)
        VALUES (:id, :tenant_id, :emm_tenant_id, :name, :name_key, :primary_domain, :now)
        """,
        id=enterprise_id,
        tenant_id=tenant_id,
        emm_tenant_id=emm_tenant_id,
        name=name,
        name_key=name_key(name),
        primary_domain=primary_domain,
        now=now,
    )


async def find(read: Read, enterprise_id: EnterpriseId) -> Enterprise | None:
    """An enrolled enterprise of a live tenant. Hot path: 1 query."""
    return await read.one_or_none(
        Enterprise,
        """
        SELECT e.id, e.tenant_id, e.emm_tenant_id, e.name, e.primary_domain, e.service_account_id
        FROM enterprises e JOIN tenants t ON t.id = e.tenant_id
        WHERE e.id = :id AND e.unenrolled_at IS NULL AND t.disabled_at IS NULL AND t.deleted_at IS NULL
        """,
        id=enterprise_id,
    )


async def set_service_account(tx: Tx, enterprise_id: EnterpriseId, service_account_id: ConnectorId) -> TenantId | None:
    """Bind a live service account of the customer or of its EMM to the enterprise. Answers the customer; None when
    either is absent.
    """
    return await tx.one_or_none(
        TenantId,
        """
        UPDATE enterprises SET service_account_id = :service_account_id
        WHERE id = :id AND unenrolled_at IS NULL AND EXISTS (
            SELECT 1 FROM connectors c
            WHERE c.id = :service_account_id AND c.kind = 'service_account' AND c.deleted_at IS NULL
              AND c.tenant_id IN (enterprises.tenant_id, enterprises.emm_tenant_id))
        RETURNING tenant_id
        """,
        id=enterprise_id,
        service_account_id=service_account_id,
    )


async def list_of_tenant(read: Read, tenant_id: TenantId, after_id: str, limit: int) -> list[Enterprise]:
    """At most `limit` enrolled enterprises of the customer after `after_id` (empty: from the beginning), by id."""
    return await read.all(
        Enterprise,
        """
        SELECT id, tenant_id, emm_tenant_id, name, primary_domain, service_account_id FROM enterprises
        WHERE tenant_id = :tenant_id AND id > :after_id AND unenrolled_at IS NULL
        ORDER BY id LIMIT :limit
        """,
        tenant_id=tenant_id,
        after_id=after_id,
        limit=limit,
    )


async def list_of_domain(read: Read, emm_tenant_id: TenantId, domain: str) -> list[Enterprise]:
    """At most 100 enrolled enterprises that the EMM manages, of the live tenant that has verified this domain."""
    return await read.all(
        Enterprise,
        """
        SELECT e.id, e.tenant_id, e.emm_tenant_id, e.name, e.primary_domain, e.service_account_id
        FROM domains d JOIN tenants t ON t.id = d.tenant_id JOIN enterprises e ON e.tenant_id = d.tenant_id
        WHERE d.name = :domain AND d.verified_at IS NOT NULL AND t.disabled_at IS NULL AND t.deleted_at IS NULL
          AND e.emm_tenant_id = :emm_tenant_id AND e.unenrolled_at IS NULL ORDER BY e.id LIMIT 100
        """,
        domain=domain,
        emm_tenant_id=emm_tenant_id,
    )
