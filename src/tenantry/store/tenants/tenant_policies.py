"""The `tenant_policies` table: what a tenant requires of its users. A tenant without a row has the defaults of
`directory/policies.py`.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx


class PolicyRow(NamedTuple):
    """One row, in the words of directory/policies.py."""

    second_factor: str
    phone_sign_in: str
    connector_registration: str
    second_factor_from: int | None


class Guarded(NamedTuple):
    """A member of the tenant, and how many second factors that user has."""

    id: UserId
    display_name: str
    factors: int


async def find(read: Read, tenant_id: TenantId) -> PolicyRow | None:
    """The row of the tenant; None when nobody has changed its policies."""
    return await read.one_or_none(
        PolicyRow,
        """
        SELECT second_factor, phone_sign_in, connector_registration, second_factor_from
        FROM tenant_policies WHERE tenant_id = :tenant_id
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
    second_factor_from: Micros | None,
    now: Micros,
) -> None:
    """Set all policies of the tenant."""
    await tx.run(
        """
        INSERT INTO tenant_policies (tenant_id, second_factor, phone_sign_in, connector_registration, updated_at,
                                     second_factor_from)
        VALUES (:tenant_id, :second_factor, :phone_sign_in, :connector_registration, :now, :second_factor_from)
        ON CONFLICT (tenant_id) DO UPDATE SET
            second_factor = excluded.second_factor,
            phone_sign_in = excluded.phone_sign_in,
            connector_registration = excluded.connector_registration,
            updated_at = excluded.updated_at,
            second_factor_from = excluded.second_factor_from
        """,
        tenant_id=tenant_id,
        second_factor=second_factor,
        phone_sign_in=phone_sign_in,
        connector_registration=connector_registration,
        second_factor_from=second_factor_from,
        now=now,
    )


_FACTORS = """
               (SELECT COUNT(*) FROM totp_credentials c
                WHERE c.tenant_id = :tenant_id AND c.user_id = u.id AND c.confirmed_at IS NOT NULL)
               + (SELECT COUNT(*) FROM phone_factors f
                  JOIN phones p ON p.tenant_id = f.tenant_id AND p.number = f.number
                  WHERE f.tenant_id = :tenant_id AND p.tenant_id = :tenant_id AND f.user_id = u.id
                    AND p.user_id = u.id AND p.verified_at IS NOT NULL)
               + (SELECT COUNT(*) FROM passkeys k WHERE k.tenant_id = :tenant_id AND k.user_id = u.id) AS factors"""


async def list_members(read: Read, tenant_id: TenantId, limit: int) -> list[Guarded]:
    """At most `limit` live members, by name."""
    return await read.all(
        Guarded,
        f"""
        SELECT u.id, u.display_name, {_FACTORS}
        FROM users u
        WHERE u.tenant_id = :tenant_id AND u.user_type = 'member' AND u.deleted_at IS NULL
          AND u.disabled_at IS NULL
        ORDER BY u.display_key, u.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        limit=limit,
    )


async def list_administrators(
    read: Read, tenant_id: TenantId, powerless: str, now: Micros, limit: int
) -> list[Guarded]:
    """At most `limit` live members who hold another role than `powerless`, by name."""
    return await read.all(
        Guarded,
        f"""
        SELECT u.id, u.display_name, {_FACTORS}
        FROM users u
        WHERE u.tenant_id = :tenant_id AND u.user_type = 'member' AND u.deleted_at IS NULL
          AND u.disabled_at IS NULL
          AND u.id IN (
            SELECT a.user_id FROM role_assignments a
            WHERE a.tenant_id = :tenant_id AND a.role_id <> :powerless
              AND (a.expires_at IS NULL OR a.expires_at > :now))
        ORDER BY u.display_key, u.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        powerless=powerless,
        now=now,
        limit=limit,
    )
