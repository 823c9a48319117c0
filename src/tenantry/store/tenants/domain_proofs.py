"""The `domain_proofs` table: names that a tenant says are its own, until the DNS says so too."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Tx


class DomainProof(NamedTuple):
    """One row. `name` is lower-case; `token` is what a TXT record at that name must hold, and no secret."""

    name: str
    token: str
    created_at: int


async def insert(tx: Tx, tenant_id: TenantId, *, name: str, token: str, created_by: str, now: Micros) -> bool:
    """Wait for the name. False when the tenant waits for it already."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO domain_proofs (tenant_id, name, token, created_by, created_at)
        VALUES (:tenant_id, :name, :token, :created_by, :now)
        ON CONFLICT (tenant_id, name) DO NOTHING RETURNING name
        """,
        tenant_id=tenant_id,
        name=name,
        token=token,
        created_by=created_by,
        now=now,
    )
    return row is not None


async def find(read: Read, tenant_id: TenantId, name: str) -> DomainProof | None:
    """What the tenant has to set at this name."""
    return await read.one_or_none(
        DomainProof,
        "SELECT name, token, created_at FROM domain_proofs WHERE tenant_id = :tenant_id AND name = :name",
        tenant_id=tenant_id,
        name=name,
    )


async def list_all(read: Read, tenant_id: TenantId) -> list[DomainProof]:
    """Every name the tenant waits for, by name. Few: directory/domains.py bounds them."""
    return await read.all(
        DomainProof,
        "SELECT name, token, created_at FROM domain_proofs WHERE tenant_id = :tenant_id ORDER BY name",
        tenant_id=tenant_id,
    )


async def claim(tx: Tx, tenant_id: TenantId, name: str, token: str) -> bool:
    """Use the proof up; at most one caller wins."""
    row = await tx.one_or_none(
        str,
        "DELETE FROM domain_proofs WHERE tenant_id = :tenant_id AND name = :name AND token = :token RETURNING name",
        tenant_id=tenant_id,
        name=name,
        token=token,
    )
    return row is not None


async def delete(tx: Tx, tenant_id: TenantId, name: str) -> bool:
    """Wait no more. False when the tenant did not."""
    row = await tx.one_or_none(
        str,
        "DELETE FROM domain_proofs WHERE tenant_id = :tenant_id AND name = :name RETURNING name",
        tenant_id=tenant_id,
        name=name,
    )
    return row is not None
