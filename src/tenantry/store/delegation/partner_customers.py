"""The `partner_customers` and `partner_relationships` tables: a partner's copy of what its customers store about it.

Decisions read the customer's rows (store/delegation/relationships.py). These copies are written in the same
transaction, and only lists read them. A customer that has not agreed to anything yet is listed with its ID as its name:
anybody can send a request, and nobody shall learn the name by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.core.normal_form import name_key
from tenantry.store.delegation.relationships import DelegatedRelationship
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.engine.pages import beyond


class ListedCustomer(NamedTuple):
    """One line. `active_until` is the latest end of a live relationship; `waiting` counts requests that nobody has
    answered. `deleted_at`: the customer was deleted, or is being purged (`tenants.BEING_PURGED`); only a partner to
    which the customer has agreed sees it.
    """

    id: TenantId
    name: str
    is_reseller: int
    active_until: int | None
    waiting: int
    name_key: str
    deleted_at: int | None


class LiveRelationship(NamedTuple):
    """Which roles a customer gives the partner, and until when. `role_ids` are divided by blanks."""

    customer_tenant_id: TenantId
    role_ids: str
    status: str
    expires_at: int | None


async def remember(
    tx: Tx,
    tenant_id: TenantId,
    customer_tenant_id: TenantId,
    *,
    name: str | None,
    is_reseller: bool | None,
    now: Micros,
) -> None:
    """Put the customer into the partner's list. A column given as None keeps its value. It holds the row of the two
    until the transaction ends.
    """
    await tx.run(
        """
        INSERT INTO partner_customers (tenant_id, customer_tenant_id, name_key, is_reseller, created_at)
        VALUES (:tenant_id, :customer_tenant_id, COALESCE(CAST(:name_key AS TEXT), :customer_tenant_id),
                COALESCE(CAST(:is_reseller AS SMALLINT), 0), :now)
        ON CONFLICT (tenant_id, customer_tenant_id) DO UPDATE
        SET name_key = COALESCE(CAST(:name_key AS TEXT), partner_customers.name_key),
            is_reseller = COALESCE(CAST(:is_reseller AS SMALLINT), partner_customers.is_reseller)
        """,
        tenant_id=tenant_id,
        customer_tenant_id=customer_tenant_id,
        name_key=None if name is None else name_key(name),
        is_reseller=None if is_reseller is None else int(is_reseller),
        now=now,
    )


async def copy_relationship(tx: Tx, row: DelegatedRelationship) -> None:
    """Copy the state of a relationship with the partner."""
    await tx.run(
        """
        INSERT INTO partner_relationships (tenant_id, id, customer_tenant_id, role_ids, status, expires_at)
        VALUES (:tenant_id, :id, :customer_tenant_id, :role_ids, :status, :expires_at)
        ON CONFLICT (tenant_id, id) DO UPDATE
        SET role_ids = excluded.role_ids, status = excluded.status, expires_at = excluded.expires_at
        """,
        tenant_id=row.partner_tenant_id,
        id=row.id,
        customer_tenant_id=row.tenant_id,
        role_ids=row.role_ids,
        status=row.status,
        expires_at=row.expires_at,
    )


async def list_partners(read: Read, customer_tenant_id: TenantId) -> list[TenantId]:
    """The partners that have, or had, a relationship with the customer. There are few."""
    return await read.all(
        TenantId,
        """
        SELECT partner_tenant_id FROM delegated_relationships WHERE tenant_id = :customer_tenant_id
        UNION SELECT partner_tenant_id FROM reseller_relationships WHERE tenant_id = :customer_tenant_id
        """,
        customer_tenant_id=customer_tenant_id,
    )


async def rename(tx: Tx, tenant_id: TenantId, customer_tenant_id: TenantId, name: str) -> None:
    """Change the customer's name and place in the partner's list, if the partner knows its name."""
    await tx.run(
        """
        UPDATE partner_customers SET name_key = :name_key
        WHERE tenant_id = :tenant_id AND customer_tenant_id = :customer_tenant_id AND name_key <> customer_tenant_id
        """,
        tenant_id=tenant_id,
        customer_tenant_id=customer_tenant_id,
        name_key=name_key(name),
    )


async def find_name(read: Read, tenant_id: TenantId, customer_tenant_id: TenantId) -> str | None:
    """The customer's name in the partner's list; None when it never was a customer of this partner."""
    return await read.one_or_none(
        str,
        """
        SELECT CASE WHEN c.name_key = c.customer_tenant_id THEN c.customer_tenant_id ELSE t.name END
        FROM partner_customers c JOIN tenants t ON t.id = c.customer_tenant_id
        WHERE c.tenant_id = :tenant_id AND c.customer_tenant_id = :customer_tenant_id
        """,
        tenant_id=tenant_id,
        customer_tenant_id=customer_tenant_id,
    )


async def list_live(
    read: Read, tenant_id: TenantId, customer_ids: Iterable[str], now: Micros
) -> list[LiveRelationship]:
    """The partner's live relationships with these customers."""
    return await read.all(
        LiveRelationship,
        """
        WITH RECURSIVE parts (id, rest) AS (
            SELECT SUBSTR(CAST(:ids AS TEXT), 1, 36), SUBSTR(CAST(:ids AS TEXT), 37)
            UNION ALL
            SELECT SUBSTR(rest, 1, 36), SUBSTR(rest, 37) FROM parts WHERE rest <> ''
        )
        SELECT r.customer_tenant_id, r.role_ids, r.status, r.expires_at
        FROM parts p CROSS JOIN partner_relationships r
        WHERE r.tenant_id = :tenant_id AND r.customer_tenant_id = p.id AND r.status = 'active'
          AND r.expires_at > :now
        """,
        tenant_id=tenant_id,
        ids="".join(customer_ids),
        now=now,
    )


async def list_by_name(
    read: Read, tenant_id: TenantId, now: Micros, *, prefix: str, after: tuple[str, str] | None, limit: int
) -> list[ListedCustomer]:
    """At most `limit` customers whose name begins with `prefix` (lower case), after (`name_key`, `id`)."""
    key, row_id = after or (prefix, "")
    return await read.all(
        ListedCustomer,
        """
        SELECT c.customer_tenant_id AS id,
               CASE WHEN c.name_key = c.customer_tenant_id THEN c.customer_tenant_id ELSE t.name END AS name,
               c.is_reseller,
               (SELECT MAX(r.expires_at) FROM partner_relationships r
                WHERE r.tenant_id = :tenant_id AND r.customer_tenant_id = c.customer_tenant_id
                  AND r.status = 'active' AND r.expires_at > :now) AS active_until,
               (SELECT COUNT(*) FROM partner_relationships r
                WHERE r.tenant_id = :tenant_id AND r.customer_tenant_id = c.customer_tenant_id
                  AND r.status = 'approvalPending' AND r.expires_at > :now) AS waiting,
               c.name_key, t.deleted_at
        FROM partner_customers c JOIN tenants t ON t.id = c.customer_tenant_id
        WHERE c.tenant_id = :tenant_id AND (c.name_key, c.customer_tenant_id) > (:key, :id)
          AND c.name_key < :beyond AND t.disabled_at IS NULL
          AND (t.deleted_at IS NULL OR c.name_key <> c.customer_tenant_id)
        ORDER BY c.name_key, c.customer_tenant_id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        key=key,
        id=row_id,
        beyond=beyond(prefix),
        limit=limit,
    )
