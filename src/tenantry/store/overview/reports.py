"""What the first page counts, and what it warns of. Each statement reads a bounded number of rows, however large the
tenant is.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read


class HourCount(NamedTuple):
    """How many events of one type an hour had. `hour`: whole hours since 1970 UTC."""

    type: str
    hour: int
    events: int


class QuotaCount(NamedTuple):
    """How many live managed accounts have this many devices."""

    device_count: int
    accounts: int


class Ending(NamedTuple):
    """Something that ends soon. `kind`: relationship, customer, secret, token. `parent_id`: the partner, customer or
    connector. `owner` names the partner, shows the end of the secret, or names who gave the token.
    """

    kind: str
    id: str
    parent_id: str
    name: str
    owner: str
    owner_id: str | None
    group_id: str | None
    ends_at: int


class Matter(NamedTuple):
    """Something that needs attention: what it is about, since or until when, and how many of it there are."""

    id: str
    name: str
    detail: str
    at: int
    of_all: int


async def count_issued_by_hour(read: Read, tenant_id: TenantId, from_id: str, most: int) -> list[HourCount]:
    """Access tokens that were issued since `from_id`; the newest `most` of them."""
    return await read.all(
        HourCount,
        """
        SELECT 'access_token.issued' AS type, e.at / 3600000000 AS hour, COUNT(*) AS events
        FROM (SELECT at FROM audit_events
              WHERE tenant_id = :tenant_id AND id >= :from_id AND type = 'access_token.issued'
              ORDER BY id DESC LIMIT :most) e
        GROUP BY e.at / 3600000000
        """,
        tenant_id=tenant_id,
        from_id=from_id,
        most=most,
    )


async def count_others_by_hour(read: Read, tenant_id: TenantId, from_id: str, most: int) -> list[HourCount]:
    """Sign-ins, and refusals of every kind, since `from_id`; the newest `most` of them."""
    return await read.all(
        HourCount,
        """
        SELECT e.type, e.at / 3600000000 AS hour, COUNT(*) AS events
        FROM (SELECT type, at FROM audit_events
              WHERE tenant_id = :tenant_id AND id >= :from_id
                AND type <> 'access_token.issued' AND type <> 'device_token.issued'
                AND type IN ('token.refused', 'session.started', 'sign_in.refused', 'second_factor.refused',
                             'upstream_sign_in.refused', 'access.denied')
              ORDER BY id DESC LIMIT :most) e
        GROUP BY e.type, e.at / 3600000000
        """,
        tenant_id=tenant_id,
        from_id=from_id,
        most=most,
    )


async def count_accounts_by_devices(read: Read, tenant_id: TenantId, most: int) -> list[QuotaCount]:
    """Live accounts by the number of their devices; the `most` with the most devices."""
    return await read.all(
        QuotaCount,
        """
        SELECT a.device_count, COUNT(*) AS accounts
        FROM (SELECT device_count FROM managed_accounts
              WHERE tenant_id = :tenant_id AND deleted_at IS NULL
              ORDER BY device_count DESC LIMIT :most) a
        GROUP BY a.device_count ORDER BY a.device_count
        """,
        tenant_id=tenant_id,
        most=most,
    )


async def list_ending(read: Read, tenant_id: TenantId, now: Micros, until: Micros, limit: int) -> list[Ending]:
    """At most `limit` each of relationships with partners and with customers, connector secrets and tokens that end by
    `until`, in order.
    """
    return await read.all(
        Ending,
        """
        SELECT * FROM (
            SELECT 'relationship' AS kind, r.id, r.partner_tenant_id AS parent_id, r.display_name AS name,
                   t.name AS owner, CAST(NULL AS TEXT) AS owner_id, CAST(NULL AS TEXT) AS group_id,
                   r.expires_at AS ends_at
            FROM delegated_relationships r JOIN tenants t ON t.id = r.partner_tenant_id
            WHERE r.tenant_id = :tenant_id AND r.status = 'active' AND r.expires_at > :now
              AND r.expires_at <= :until AND t.deleted_at IS NULL AND t.disabled_at IS NULL
            ORDER BY r.expires_at LIMIT :limit) relationships
        UNION ALL
        SELECT * FROM (
            SELECT 'customer' AS kind, r.id, r.customer_tenant_id AS parent_id, t.name, t.name AS owner,
                   CAST(NULL AS TEXT) AS owner_id, CAST(NULL AS TEXT) AS group_id, r.expires_at AS ends_at
            FROM partner_relationships r JOIN tenants t ON t.id = r.customer_tenant_id
            WHERE r.tenant_id = :tenant_id AND r.status = 'active' AND r.expires_at > :now
              AND r.expires_at <= :until AND t.deleted_at IS NULL AND t.disabled_at IS NULL
            ORDER BY r.expires_at LIMIT :limit) customers
        UNION ALL
        SELECT * FROM (
            SELECT 'secret' AS kind, s.id, c.id AS parent_id, c.name, s.hint AS owner, CAST(NULL AS TEXT) AS owner_id,
                   CAST(NULL AS TEXT) AS group_id, s.expires_at AS ends_at
            FROM connectors c JOIN connector_secrets s ON s.connector_id = c.id
            WHERE c.tenant_id = :tenant_id AND c.deleted_at IS NULL AND s.ended_at IS NULL AND s.expires_at > :now
              AND s.expires_at <= :until
            ORDER BY s.expires_at LIMIT :limit) secrets
        UNION ALL
        SELECT * FROM (
            SELECT 'token' AS kind, g.id, c.id AS parent_id, c.name, u.display_name AS owner, g.user_id AS owner_id,
                   g.group_id, g.expires_at AS ends_at
            FROM grants g
            JOIN connectors c ON c.id = g.connector_id AND c.deleted_at IS NULL
            JOIN users u ON u.tenant_id = :tenant_id AND u.id = g.user_id AND u.deleted_at IS NULL
            WHERE g.tenant_id = :tenant_id AND g.revoked_at IS NULL AND g.expires_at > :now AND g.expires_at <= :until
            ORDER BY g.expires_at LIMIT :limit) tokens
        ORDER BY ends_at, id
        """,
        tenant_id=tenant_id,
        now=now,
        until=until,
        limit=limit,
    )


async def list_waiting_relationships(read: Read, tenant_id: TenantId, now: Micros, limit: int) -> list[Matter]:
    """Requests of live partners that nobody has answered, oldest first. `detail` is the partner's name."""
    return await read.all(
        Matter,
        """
        SELECT r.id, r.display_name AS name, t.name AS detail, r.created_at AS at, COUNT(*) OVER () AS of_all
        FROM delegated_relationships r JOIN tenants t ON t.id = r.partner_tenant_id
        WHERE r.tenant_id = :tenant_id AND r.status = 'approvalPending' AND r.expires_at > :now
          AND t.deleted_at IS NULL AND t.disabled_at IS NULL
        ORDER BY r.created_at, r.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        limit=limit,
    )


async def list_double_secrets(read: Read, tenant_id: TenantId, now: Micros, before: Micros, limit: int) -> list[Matter]:
    """Connectors whose newest secret is from `before` or earlier and whose older one still works."""
    return await read.all(
        Matter,
        """
        SELECT c.id, c.name, MIN(s.id) AS detail, MAX(s.created_at) AS at, COUNT(*) OVER () AS of_all
        FROM connectors c JOIN connector_secrets s ON s.connector_id = c.id
        WHERE c.tenant_id = :tenant_id AND c.deleted_at IS NULL AND s.ended_at IS NULL
          AND (s.expires_at IS NULL OR s.expires_at > :now)
        GROUP BY c.id, c.name HAVING COUNT(*) > 1 AND MAX(s.created_at) <= :before
        ORDER BY c.name, c.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        before=before,
        limit=limit,
    )


async def list_unguarded(read: Read, tenant_id: TenantId, role_id: str, now: Micros, limit: int) -> list[Matter]:
    """Holders of the role who sign in without a second factor. `detail` is the user principal name."""
    return await read.all(
        Matter,
        """
        SELECT u.id, u.display_name AS name, u.user_principal_name AS detail, a.created_at AS at,
               COUNT(*) OVER () AS of_all
        FROM role_assignments a
        JOIN users u ON u.tenant_id = :tenant_id AND u.id = a.user_id
        WHERE a.tenant_id = :tenant_id AND a.role_id = :role_id AND (a.expires_at IS NULL OR a.expires_at > :now)
          AND u.deleted_at IS NULL AND u.disabled_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM totp_credentials f WHERE f.tenant_id = :tenant_id AND f.user_id = a.user_id
                          AND f.confirmed_at IS NOT NULL)
          AND NOT EXISTS (SELECT 1 FROM phone_factors f WHERE f.tenant_id = :tenant_id AND f.user_id = a.user_id)
          AND NOT EXISTS (SELECT 1 FROM passkeys f WHERE f.tenant_id = :tenant_id AND f.user_id = a.user_id)
        ORDER BY u.display_name, u.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        role_id=role_id,
        now=now,
        limit=limit,
    )


async def list_shared_callbacks(read: Read, tenant_id: TenantId, limit: int) -> list[Matter]:
    """Identity providers that still have the redirect address that all of them shared. `detail` is the issuer."""
    return await read.all(
        Matter,
        """
        SELECT p.id, p.name, p.issuer AS detail, p.created_at AS at, COUNT(*) OVER () AS of_all
        FROM identity_providers p JOIN shared_callbacks s ON s.tenant_id = p.tenant_id AND s.provider_id = p.id
        WHERE p.tenant_id = :tenant_id AND p.disabled_at IS NULL AND s.replaced_at IS NULL
        ORDER BY p.name, p.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        limit=limit,
    )


async def count_holders(read: Read, tenant_id: TenantId, role_id: str, now: Micros, most: int) -> int:
    """How many live users hold the role, counted up to `most`."""
    holders = await read.all(
        str,
        """
        SELECT a.user_id FROM role_assignments a JOIN users u ON u.tenant_id = :tenant_id AND u.id = a.user_id
        WHERE a.tenant_id = :tenant_id AND a.role_id = :role_id AND (a.expires_at IS NULL OR a.expires_at > :now)
          AND u.deleted_at IS NULL AND u.disabled_at IS NULL
        LIMIT :most
        """,
        tenant_id=tenant_id,
        role_id=role_id,
        now=now,
        most=most,
    )
    return len(holders)


async def list_full_accounts(read: Read, tenant_id: TenantId, devices: int, limit: int) -> list[Matter]:
    """Live accounts with at least this many devices. `detail` is the enterprise, `at` when the account last changed."""
    return await read.all(
        Matter,
        """
        SELECT a.id, COALESCE(a.display_name, a.account_identifier, a.id) AS name, a.enterprise_id AS detail,
               a.updated_at AS at, a.device_count AS of_all
        FROM managed_accounts a
        WHERE a.tenant_id = :tenant_id AND a.device_count >= :devices AND a.deleted_at IS NULL
        ORDER BY a.device_count DESC LIMIT :limit
        """,
        tenant_id=tenant_id,
        devices=devices,
        limit=limit,
    )
