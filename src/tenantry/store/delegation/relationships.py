"""The `reseller_relationships` and `delegated_relationships` tables. The rows live with the customer, who decides."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import RelationshipId, TenantId
from tenantry.core.normal_form import name_key
from tenantry.store.engine.interface import Read, Tx


class DelegatedRelationship(NamedTuple):
    """One row. `role_ids` are divided by blanks; `status` may still say that it is active after `expires_at` has
    passed.
    """

    tenant_id: TenantId
    id: RelationshipId
    partner_tenant_id: TenantId
    display_name: str
    role_ids: str
    status: str
    created_at: int
    activated_at: int | None
    expires_at: int | None
    ended_at: int | None


_COLUMNS = """
            tenant_id, id, partner_tenant_id, display_name, role_ids, status, created_at, activated_at, expires_at,
            ended_at"""


async def open_reseller(tx: Tx, tenant_id: TenantId, partner_tenant_id: TenantId, now: Micros) -> bool:
    """Make the reseller relationship of the two, or open an ended one again. Answers False when it is open already."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO reseller_relationships (tenant_id, partner_tenant_id, created_at)
        VALUES (:tenant_id, :partner_tenant_id, :now)
        ON CONFLICT (tenant_id, partner_tenant_id) DO UPDATE SET created_at = excluded.created_at, ended_at = NULL
        WHERE reseller_relationships.ended_at IS NOT NULL
        RETURNING partner_tenant_id
        """,
        tenant_id=tenant_id,
        partner_tenant_id=partner_tenant_id,
        now=now,
    )
    return row is not None


async def end_reseller(tx: Tx, tenant_id: TenantId, partner_tenant_id: TenantId, now: Micros) -> bool:
    """End the reseller relationship of the two. Answers False when there is no open one."""
    changed = await tx.run(
        """
        UPDATE reseller_relationships SET ended_at = :now
        WHERE tenant_id = :tenant_id AND partner_tenant_id = :partner_tenant_id AND ended_at IS NULL
        """,
        tenant_id=tenant_id,
        partner_tenant_id=partner_tenant_id,
        now=now,
    )
    return changed == 1


async def has_open_reseller(read: Read, tenant_id: TenantId, partner_tenant_id: TenantId) -> bool:
    """Whether the partner manages the customer as a reseller."""
    row = await read.one_or_none(
        str,
        """
        SELECT partner_tenant_id FROM reseller_relationships
        WHERE tenant_id = :tenant_id AND partner_tenant_id = :partner_tenant_id AND ended_at IS NULL
        """,
        tenant_id=tenant_id,
        partner_tenant_id=partner_tenant_id,
    )
    return row is not None


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    relationship_id: RelationshipId,
    *,
    partner_tenant_id: TenantId,
    display_name: str,
    role_ids: str,
    expires_at: Micros,
    now: Micros,
) -> DelegatedRelationship | None:
    """Add a relationship that waits for the customer's approval. Answers None when one of the same two tenants waits
    already.

    Of two callers at the same time one wins, when both hold the row of the two tenants (`partner_customers.remember`).
    """
    return await tx.one_or_none(
        DelegatedRelationship,
        f"""
        INSERT INTO delegated_relationships (tenant_id, id, partner_tenant_id, display_name, name_key, role_ids,
                                             status, created_at, expires_at)
        SELECT CAST(:tenant_id AS TEXT), CAST(:id AS TEXT), CAST(:partner_tenant_id AS TEXT),
               CAST(:display_name AS TEXT), CAST(:name_key AS TEXT), CAST(:role_ids AS TEXT), 'approvalPending',
               CAST(:now AS BIGINT), CAST(:expires_at AS BIGINT)
        WHERE NOT EXISTS (
            SELECT 1 FROM delegated_relationships
            WHERE tenant_id = :tenant_id AND partner_tenant_id = :partner_tenant_id
              AND status = 'approvalPending' AND expires_at > :now)
        RETURNING {_COLUMNS}
        """,
        tenant_id=tenant_id,
        id=relationship_id,
        partner_tenant_id=partner_tenant_id,
        display_name=display_name,
        name_key=name_key(display_name),
        role_ids=role_ids,
        now=now,
        expires_at=expires_at,
    )


async def find(read: Read, tenant_id: TenantId, relationship_id: RelationshipId) -> DelegatedRelationship | None:
    """A relationship of this customer."""
    return await read.one_or_none(
        DelegatedRelationship,
        f"SELECT {_COLUMNS} FROM delegated_relationships WHERE tenant_id = :tenant_id AND id = :id",
        tenant_id=tenant_id,
        id=relationship_id,
    )


async def list_of_pair(read: Read, tenant_id: TenantId, partner_tenant_id: TenantId) -> list[DelegatedRelationship]:
    """Every relationship that the customer has or had with this partner, newest first. There are few."""
    return await read.all(
        DelegatedRelationship,
        f"""
        SELECT {_COLUMNS} FROM delegated_relationships
        WHERE tenant_id = :tenant_id AND partner_tenant_id = :partner_tenant_id
        ORDER BY created_at DESC, id
        """,
        tenant_id=tenant_id,
        partner_tenant_id=partner_tenant_id,
    )


async def list_of_live_pair(
    read: Read, tenant_id: TenantId, partner_tenant_id: TenantId
) -> list[DelegatedRelationship]:
    """As `list_of_pair`; nothing while the customer is disabled or deleted."""
    return await read.all(
        DelegatedRelationship,
        f"""
        SELECT {_COLUMNS} FROM delegated_relationships
        WHERE tenant_id = :tenant_id AND partner_tenant_id = :partner_tenant_id
          AND EXISTS (SELECT 1 FROM tenants t
                      WHERE t.id = :tenant_id AND t.disabled_at IS NULL AND t.deleted_at IS NULL)
        ORDER BY created_at DESC, id
        """,
        tenant_id=tenant_id,
        partner_tenant_id=partner_tenant_id,
    )


async def hold_pair(tx: Tx, tenant_id: TenantId, partner_tenant_id: TenantId) -> None:
    """Hold the relationships of the two tenants until the transaction ends, so that whoever wants to end one waits."""
    await tx.run(
        """
        UPDATE delegated_relationships SET status = status
        WHERE tenant_id = :tenant_id AND partner_tenant_id = :partner_tenant_id AND ended_at IS NULL
        """,
        tenant_id=tenant_id,
        partner_tenant_id=partner_tenant_id,
    )


async def activate(
    tx: Tx, tenant_id: TenantId, relationship_id: RelationshipId, now: Micros
) -> DelegatedRelationship | None:
    """Turn approvalPending into active, unless its end has passed. Answers None in any other state. Of several callers
    at most one wins.
    """
    return await tx.one_or_none(
        DelegatedRelationship,
        f"""
        UPDATE delegated_relationships SET status = 'active', activated_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND status = 'approvalPending' AND expires_at > :now
        RETURNING {_COLUMNS}
        """,
        tenant_id=tenant_id,
        id=relationship_id,
        now=now,
    )


async def terminate(
    tx: Tx, tenant_id: TenantId, relationship_id: RelationshipId, now: Micros
) -> DelegatedRelationship | None:
    """Turn any state before the end into terminated. Answers None when the relationship is unknown or has ended. Of
    several callers at most one wins.
    """
    return await tx.one_or_none(
        DelegatedRelationship,
        f"""
        UPDATE delegated_relationships SET status = 'terminated', ended_at = :now
        WHERE tenant_id = :tenant_id AND id = :id AND ended_at IS NULL
        RETURNING {_COLUMNS}
        """,
        tenant_id=tenant_id,
        id=relationship_id,
        now=now,
    )


async def expire(
    tx: Tx, tenant_id: TenantId, relationship_id: RelationshipId, now: Micros
) -> DelegatedRelationship | None:
    """Turn active into expired once its end has come. Answers None in any other state. Of several callers at most one
    wins.
    """
    return await tx.one_or_none(
        DelegatedRelationship,
        f"""
        UPDATE delegated_relationships SET status = 'expired'
        WHERE tenant_id = :tenant_id AND id = :id AND status = 'active' AND expires_at <= :now
        RETURNING {_COLUMNS}
        """,
        tenant_id=tenant_id,
        id=relationship_id,
        now=now,
    )


async def list_of_customer(read: Read, tenant_id: TenantId, after_id: str, limit: int) -> list[DelegatedRelationship]:
    """At most `limit` relationships of the customer after `after_id` (empty: from the start), ended ones included."""
    return await read.all(
        DelegatedRelationship,
        f"""
        SELECT {_COLUMNS} FROM delegated_relationships WHERE tenant_id = :tenant_id AND id > :after_id
        ORDER BY id LIMIT :limit
        """,
        tenant_id=tenant_id,
        after_id=after_id,
        limit=limit,
    )


class ListedRelationship(NamedTuple):
    """A relationship as its customer lists it. `standing`: 0 waits for an answer, 1 is live, 2 is over."""

    id: RelationshipId
    partner_tenant_id: TenantId
    partner_name: str
    display_name: str
    role_ids: str
    status: str
    created_at: int
    expires_at: int | None
    ended_at: int | None
    standing: int


async def list_by_standing(
    read: Read, tenant_id: TenantId, now: Micros, *, after: tuple[int, str] = (-1, ""), limit: int
) -> list[ListedRelationship]:
    """At most `limit` relationships of the customer after (`standing`, `id`), those that need an answer first."""
    return await read.all(
        ListedRelationship,
        """
        SELECT r.id, r.partner_tenant_id, t.name AS partner_name, r.display_name, r.role_ids, r.status, r.created_at,
               r.expires_at, r.ended_at, r.standing
        FROM (
            SELECT d.id, d.partner_tenant_id, d.display_name, d.role_ids, d.status, d.created_at, d.expires_at,
                   d.ended_at,
                   CASE WHEN d.ended_at IS NOT NULL OR d.expires_at <= :now THEN 2
                        WHEN d.status = 'approvalPending' THEN 0 ELSE 1 END AS standing
            FROM delegated_relationships d WHERE d.tenant_id = :tenant_id
        ) r JOIN tenants t ON t.id = r.partner_tenant_id
        WHERE (r.standing, r.id) > (:standing, :id)
        ORDER BY r.standing, r.id LIMIT :limit
        """,
        tenant_id=tenant_id,
        now=now,
        standing=after[0],
        id=after[1],
        limit=limit,
    )
