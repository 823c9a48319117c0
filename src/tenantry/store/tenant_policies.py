"""The `tenant_policies` table: what an organisation asks of its people. No row: what `directory/policies.py` says."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine import Read, Tx


class PolicyRow(NamedTuple):
    """Words of directory/policies.py."""

    second_factor: str
    phone_sign_in: str
    connector_registration: str


async def find(read: Read, tenant_id: TenantId) -> PolicyRow | None:
    """None when the tenant never changed one."""
    return await read.one_or_none(
        PolicyRow,
        """
        SELECT second_factor, phone_sign_in, connector_registration FROM tenant_policies WHERE tenant_id = :tenant_id
        """,
        tenant_id=tenant_id,
    )


async def upsert(
    tx: Tx,
    tenant_id: TenantId,
    *,
    second_factor: str,
    phone_sign_in: str,
    connector_registration: str,
    now: Micros,
) -> None:
    """These and no others."""
    await tx.run(
        """
        INSERT INTO tenant_policies (tenant_id, second_factor, phone_sign_in, connector_registration, updated_at)
        VALUES (:tenant_id, :second_factor, :phone_sign_in, :connector_registration, :now)
        ON CONFLICT (tenant_id) DO UPDATE SET
            second_factor = excluded.second_factor,
            phone_sign_in = excluded.phone_sign_in,
            connector_registration = excluded.connector_registration,
            updated_at = excluded.updated_at
        """,
        tenant_id=tenant_id,
        second_factor=second_factor,
        phone_sign_in=phone_sign_in,
        connector_registration=connector_registration,
        now=now,
    )
