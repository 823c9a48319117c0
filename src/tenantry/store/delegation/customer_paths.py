"""Which customers a tenant may act in as their partner, a page at a time, read from the partner's own copy."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read


class CustomerPath(NamedTuple):
    """A customer of the tenant. `live` and `waiting` count relationships; `ends_at` is the latest end of a live one.
    `of_all` counts the customers from this page on.
    """

    id: str
    name: str
    name_key: str
    live: int
    ends_at: int | None
    waiting: int
    of_all: int


async def list_by_name(
    read: Read, tenant_id: TenantId, now: Micros, *, named_like: str, after: tuple[str, str], limit: int, most: int
) -> list[CustomerPath]:
    """At most `limit` customers with a relationship that is live or waits, after (`name_key`, `id`).

    `of_all` stops at `most`. The roles are stored with each customer, not here.
    """
    return await read.all(
        CustomerPath,
        """
        SELECT p.id, CASE WHEN p.name_key = p.id THEN p.id ELSE t.name END AS name, p.name_key,
               (SELECT COUNT(*) FROM partner_relationships r
                WHERE r.tenant_id = :tenant_id AND r.customer_tenant_id = p.id
                  AND r.status = 'active' AND r.expires_at > :now) AS live,
               (SELECT MAX(r.expires_at) FROM partner_relationships r
                WHERE r.tenant_id = :tenant_id AND r.customer_tenant_id = p.id
                  AND r.status = 'active' AND r.expires_at > :now) AS ends_at,
               (SELECT COUNT(*) FROM partner_relationships r
                WHERE r.tenant_id = :tenant_id AND r.customer_tenant_id = p.id
                  AND r.status = 'approvalPending' AND r.expires_at > :now) AS waiting,
               p.of_all
        FROM (
            SELECT q.id, q.name_key, COUNT(*) OVER () AS of_all
            FROM (
                SELECT c.customer_tenant_id AS id, c.name_key
                FROM partner_customers c JOIN tenants t ON t.id = c.customer_tenant_id
                WHERE c.tenant_id = :tenant_id AND (c.name_key, c.customer_tenant_id) > (:after_name, :after_id)
                  AND c.name_key LIKE :named_like ESCAPE '!' AND t.deleted_at IS NULL AND t.disabled_at IS NULL
                  AND EXISTS (
                        SELECT 1 FROM partner_relationships r
                        WHERE r.tenant_id = :tenant_id AND r.customer_tenant_id = c.customer_tenant_id
                          AND r.status IN ('active', 'approvalPending') AND r.expires_at > :now)
                ORDER BY c.name_key, c.customer_tenant_id LIMIT :most
            ) q
            ORDER BY q.name_key, q.id LIMIT :limit
        ) p JOIN tenants t ON t.id = p.id
        ORDER BY p.name_key, p.id
        """,
        tenant_id=tenant_id,
        now=now,
        named_like=named_like,
        after_name=after[0],
        after_id=after[1],
        limit=limit,
        most=most,
    )
