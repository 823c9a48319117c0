"""The `domain_proofs` table: names that a tenant claims to own, until a record in the DNS confirms it."""

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
    """Let the tenant wait for the name. Answers False when it waits for the name already."""
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
    """The row of this name; None when the tenant does not wait for it."""
    return await read.one_or_none(
        DomainProof,
        "SELECT name, token, created_at FROM domain_proofs WHERE tenant_id = :tenant_id AND name = :name",
        tenant_id=tenant_id,
        name=name,
    )


async def list_all(read: Read, tenant_id: TenantId) -> list[DomainProof]:
    """Every name that the tenant waits for, by name. There are few, since directory/domains.py bounds them."""
    return await read.all(
        DomainProof,
        "SELECT name, token, created_at FROM domain_proofs WHERE tenant_id = :tenant_id ORDER BY name",
        tenant_id=tenant_id,
    )


async def claim(tx: Tx, tenant_id: TenantId, name: str, token: str) -> bool:
    """Delete the row, so that the domain is added once: of several callers at most one gets True."""
    row = await tx.one_or_none(
        str,
        "DELETE FROM domain_proofs WHERE tenant_id = :tenant_id AND name = :name AND token = :token RETURNING name",
        tenant_id=tenant_id,
        name=name,
        token=token,
    )
    return row is not None


async def delete(tx: Tx, tenant_id: TenantId, name: str) -> bool:
    """Let the tenant wait for the name no more. Answers False when it did not wait."""
    row = await tx.one_or_none(
        str,
        "DELETE FROM domain_proofs WHERE tenant_id = :tenant_id AND name = :name RETURNING name",
        tenant_id=tenant_id,
        name=name,
    )
    return row is not None
