"""Enterprises, managed accounts and unused device tokens as people list and search them, by key."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import EnterpriseId, ManagedAccountId, TenantId
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position, beyond


class ListedEnterprise(NamedTuple):
    """One enrolled enterprise. `emm_name` is the name of the tenant that manages its devices."""

    id: EnterpriseId
    name: str
    primary_domain: str | None
    emm_tenant_id: TenantId
    emm_name: str
    service_account: str | None


class ListedAccount(NamedTuple):
    """One live account. `tokens` counts device tokens that nobody has used and that are still good."""

    id: ManagedAccountId
    management_type: str
    account_type: str
    account_identifier: str | None
    display_name: str | None
    primary_email: str | None
    created_at: int
    devices: int
    tokens: int
    search_key: str


class UnusedToken(NamedTuple):
    created_at: int
    expires_at: int


async def list_enterprises(read: Read, tenant_id: TenantId, *, after_id: str, limit: int) -> list[ListedEnterprise]:
    """Enrolled enterprises of the customer after `after_id` (empty: from the beginning), by id."""
    return await read.all(
        ListedEnterprise,
        """
        SELECT e.id, e.name, e.primary_domain, e.emm_tenant_id, t.name AS emm_name, c.name AS service_account
        FROM enterprises e
        JOIN tenants t ON t.id = e.emm_tenant_id
        LEFT JOIN connectors c ON c.id = e.service_account_id
        WHERE e.tenant_id = :tenant_id AND e.id > :after_id AND e.unenrolled_at IS NULL
        ORDER BY e.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        after_id=after_id,
        limit=limit,
    )


_COLUMNS = """
        SELECT a.id, a.management_type, a.account_type, a.account_identifier, a.display_name, a.primary_email,
               a.created_at, a.device_count AS devices,
               (SELECT COUNT(*) FROM device_tokens d
                WHERE d.tenant_id = :tenant_id AND d.managed_account_id = a.id
                  AND d.claimed_at IS NULL AND d.revoked_at IS NULL AND d.expires_at > :now) AS tokens,
               a.search_key
        FROM managed_accounts a
        WHERE a.tenant_id = :tenant_id AND a.enterprise_id = :enterprise_id AND a.deleted_at IS NULL
"""


async def list_accounts(
    read: Read,
    tenant_id: TenantId,
    enterprise_id: EnterpriseId,
    now: Micros,
    *,
    prefix: str,
    after: Position | None,
    limit: int,
) -> list[ListedAccount]:
    """Live accounts whose identifier or address begins with `prefix` (lower case), by that key."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedAccount,
        _COLUMNS
        + """
          AND (a.search_key, a.id) > (:key, :id) AND a.search_key < :beyond
        ORDER BY a.search_key, a.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        enterprise_id=enterprise_id,
        now=now,
        key=key,
        id=row_id,
        beyond=beyond(prefix),
        limit=limit,
    )


async def find_account(
    read: Read, tenant_id: TenantId, enterprise_id: EnterpriseId, account_id: ManagedAccountId, now: Micros
) -> ListedAccount | None:
    """A live account; None for one of another enterprise of the tenant."""
    return await read.one_or_none(
        ListedAccount,
        _COLUMNS + "  AND a.id = :account_id",
        tenant_id=tenant_id,
        enterprise_id=enterprise_id,
        account_id=account_id,
        now=now,
    )


async def list_unused_tokens(
    read: Read, tenant_id: TenantId, account_id: ManagedAccountId, now: Micros, limit: int
) -> list[UnusedToken]:
    """Device tokens of the account that can still be used, the one that ends first in front."""
    return await read.all(
        UnusedToken,
        """
        SELECT created_at, expires_at FROM device_tokens
        WHERE tenant_id = :tenant_id AND managed_account_id = :account_id
          AND claimed_at IS NULL AND revoked_at IS NULL AND expires_at > :now
        ORDER BY expires_at LIMIT :limit
        """,
        tenant_id=tenant_id,
        account_id=account_id,
        now=now,
        limit=limit,
    )
