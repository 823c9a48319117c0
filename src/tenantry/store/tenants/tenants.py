"""The `tenants` and `domains` tables: which tenants there are, and which tenant has which domain."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.core.normal_form import name_key
from tenantry.store.engine.interface import Read, Tx

BEING_PURGED = 0
"""`deleted_at` of a tenant whose purge has begun. Part of its rows are gone, so that it can no longer be restored."""


class Tenant(NamedTuple):
    """One row. A tenant is live when it is neither disabled nor deleted."""

    id: TenantId
    name: str
    country: str | None
    created_at: int
    disabled_at: int | None
    deleted_at: int | None


class Domain(NamedTuple):
    """One row. `name` is lower-case; flags are 0 or 1."""

    name: str
    tenant_id: TenantId
    is_initial: int
    is_federated: int
    created_at: int
    verified_at: int | None


async def insert(tx: Tx, tenant_id: TenantId, *, name: str, country: str | None, now: Micros) -> bool:
    """Add a tenant. Answers False when the id is taken."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO tenants (id, name, name_key, country, created_at) VALUES (:id, :name, :name_key, :country, :now)
        ON CONFLICT (id) DO NOTHING RETURNING id
        """,
        id=tenant_id,
        name=name,
        name_key=name_key(name),
        country=country,
        now=now,
    )
    return row is not None


async def find_live(read: Read, tenant_id: TenantId) -> Tenant | None:
    """The tenant; None when it is disabled or deleted."""
    return await read.one_or_none(
        Tenant,
        """
        SELECT id, name, country, created_at, disabled_at, deleted_at FROM tenants
        WHERE id = :id AND disabled_at IS NULL AND deleted_at IS NULL
        """,
        id=tenant_id,
    )


async def find_live_by_domain(read: Read, name: str) -> Tenant | None:
    """The live tenant that has verified the domain `name` (lower-case)."""
    return await read.one_or_none(
        Tenant,
        """
        SELECT t.id, t.name, t.country, t.created_at, t.disabled_at, t.deleted_at
        FROM domains d JOIN tenants t ON t.id = d.tenant_id
        WHERE d.name = :name AND d.verified_at IS NOT NULL AND t.disabled_at IS NULL AND t.deleted_at IS NULL
        """,
        name=name,
    )


async def find_undeleted(read: Read, tenant_id: TenantId) -> Tenant | None:
    """The tenant, disabled or not: for the operator, and for what waits until it is enabled."""
    return await read.one_or_none(
        Tenant,
        """
        SELECT id, name, country, created_at, disabled_at, deleted_at FROM tenants
        WHERE id = :id AND deleted_at IS NULL
        """,
        id=tenant_id,
    )


async def find_undeleted_by_domain(read: Read, name: str) -> Tenant | None:
    """The tenant that has verified the domain `name` (lower-case), disabled or not."""
    return await read.one_or_none(
        Tenant,
        """
        SELECT t.id, t.name, t.country, t.created_at, t.disabled_at, t.deleted_at
        FROM domains d JOIN tenants t ON t.id = d.tenant_id
        WHERE d.name = :name AND d.verified_at IS NOT NULL AND t.deleted_at IS NULL
        """,
        name=name,
    )


async def list_undeleted(read: Read, after_id: str, limit: int) -> list[Tenant]:
    """At most `limit` tenants after `after_id` (empty: from the beginning), disabled ones too, by id."""
    return await read.all(
        Tenant,
        """
        SELECT id, name, country, created_at, disabled_at, deleted_at FROM tenants
        WHERE id > :after_id AND deleted_at IS NULL
        ORDER BY id LIMIT :limit
        """,
        after_id=after_id,
        limit=limit,
    )


class TenantWithDomain(NamedTuple):
    """A tenant. `domain` is the one that it was made with."""

    id: TenantId
    name: str
    domain: str | None


async def list_with_first_domain(read: Read, limit: int) -> list[TenantWithDomain]:
    """At most `limit` tenants, disabled and deleted ones too."""
    return await read.all(
        TenantWithDomain,
        """
        SELECT t.id, t.name, d.name AS domain
        FROM tenants t LEFT JOIN domains d ON d.tenant_id = t.id AND d.is_initial = 1
        ORDER BY t.id LIMIT :limit
        """,
        limit=limit,
    )


async def list_ids(read: Read, after_id: str, limit: int) -> list[TenantId]:
    """At most `limit` tenants after `after_id` (empty: from the beginning), disabled and deleted ones too, by id."""
    return await read.all(
        TenantId, "SELECT id FROM tenants WHERE id > :after_id ORDER BY id LIMIT :limit", after_id=after_id, limit=limit
    )


async def update(tx: Tx, tenant_id: TenantId, *, name: str, country: str | None) -> bool:
    """Give a live tenant this name and country. Answers False when there is none, or when it has them already."""
    changed = await tx.run(
        """
        UPDATE tenants SET name = :name, name_key = :name_key, country = :country
        WHERE id = :id AND disabled_at IS NULL AND deleted_at IS NULL
          AND (name <> :name OR COALESCE(country, '') <> COALESCE(CAST(:country AS TEXT), ''))
        """,
        id=tenant_id,
        name=name,
        name_key=name_key(name),
        country=country,
    )
    return changed == 1


async def hold(tx: Tx, tenant_id: TenantId) -> bool:
    """Keep the live tenant's row until the transaction ends, so that two such transactions take turns. Answers False
    when there is no live tenant.

    It is for what is rare: tenants are a reference table.
    """
    changed = await tx.run(
        "UPDATE tenants SET name = name WHERE id = :id AND disabled_at IS NULL AND deleted_at IS NULL", id=tenant_id
    )
    return changed == 1


async def mark_disabled(tx: Tx, tenant_id: TenantId, now: Micros) -> bool:
    """Disable a live tenant. Of several callers at most one gets True; False when there is no such live tenant."""
    changed = await tx.run(
        "UPDATE tenants SET disabled_at = :now WHERE id = :id AND disabled_at IS NULL AND deleted_at IS NULL",
        id=tenant_id,
        now=now,
    )
    return changed == 1


async def mark_enabled(tx: Tx, tenant_id: TenantId) -> bool:
    """Enable a disabled tenant. Of several callers at most one gets True; False when there is no such disabled
    tenant.
    """
    changed = await tx.run(
        "UPDATE tenants SET disabled_at = NULL WHERE id = :id AND disabled_at IS NOT NULL AND deleted_at IS NULL",
        id=tenant_id,
    )
    return changed == 1


async def mark_deleted(tx: Tx, tenant_id: TenantId, now: Micros) -> bool:
    """Delete a tenant, disabled or not. Of several callers at most one gets True; False when there is no such
    tenant.
    """
    changed = await tx.run(
        "UPDATE tenants SET deleted_at = :now WHERE id = :id AND deleted_at IS NULL", id=tenant_id, now=now
    )
    return changed == 1


async def mark_restored(tx: Tx, tenant_id: TenantId, deleted_after: Micros) -> bool:
    """Restore a tenant that was deleted after this time. Answers False when there is none, or when its purge
    has begun.
    """
    changed = await tx.run(
        "UPDATE tenants SET deleted_at = NULL WHERE id = :id AND deleted_at > :deleted_after AND deleted_at <> :purged",
        id=tenant_id,
        purged=BEING_PURGED,
        deleted_after=deleted_after,
    )
    return changed == 1


async def find_deleted(read: Read, tenant_id: TenantId) -> Tenant | None:
    """The tenant that is deleted and not yet purged."""
    return await read.one_or_none(
        Tenant,
        """
        SELECT id, name, country, created_at, disabled_at, deleted_at FROM tenants
        WHERE id = :id AND deleted_at IS NOT NULL
        """,
        id=tenant_id,
    )


async def find_deleted_by_domain(read: Read, name: str) -> Tenant | None:
    """The deleted tenant that still has the verified domain `name` (lower-case)."""
    return await read.one_or_none(
        Tenant,
        """
        SELECT t.id, t.name, t.country, t.created_at, t.disabled_at, t.deleted_at
        FROM domains d JOIN tenants t ON t.id = d.tenant_id
        WHERE d.name = :name AND d.verified_at IS NOT NULL AND t.deleted_at IS NOT NULL
        """,
        name=name,
    )


async def list_deleted(read: Read, after_id: str, limit: int) -> list[Tenant]:
    """At most `limit` deleted tenants that may be restored, after `after_id` (empty: from the beginning), by id."""
    return await read.all(
        Tenant,
        """
        SELECT id, name, country, created_at, disabled_at, deleted_at FROM tenants
        WHERE id > :after_id AND deleted_at IS NOT NULL AND deleted_at <> :purged
        ORDER BY id LIMIT :limit
        """,
        after_id=after_id,
        limit=limit,
        purged=BEING_PURGED,
    )


async def insert_domain(
    tx: Tx, tenant_id: TenantId, *, name: str, is_initial: bool, is_federated: bool, now: Micros
) -> bool:
    """Add a domain, which counts as verified from `now` on. Answers False when any tenant has it."""
    row = await tx.one_or_none(
        str,
        """
        INSERT INTO domains (name, tenant_id, is_initial, is_federated, created_at, verified_at)
        VALUES (:name, :tenant_id, :is_initial, :is_federated, :now, :now)
        ON CONFLICT (name) DO NOTHING RETURNING name
        """,
        name=name,
        tenant_id=tenant_id,
        is_initial=int(is_initial),
        is_federated=int(is_federated),
        now=now,
    )
    return row is not None


async def find_domain(read: Read, tenant_id: TenantId, name: str) -> Domain | None:
    """A domain of this tenant; None for one of another tenant. `name` is lower-case."""
    return await read.one_or_none(
        Domain,
        """
        SELECT name, tenant_id, is_initial, is_federated, created_at, verified_at FROM domains
        WHERE name = :name AND tenant_id = :tenant_id
        """,
        name=name,
        tenant_id=tenant_id,
    )


async def list_domains(read: Read, tenant_id: TenantId) -> list[Domain]:
    """Every domain of the tenant, the initial one first."""
    return await read.all(
        Domain,
        """
        SELECT name, tenant_id, is_initial, is_federated, created_at, verified_at FROM domains
        WHERE tenant_id = :tenant_id ORDER BY is_initial DESC, name
        """,
        tenant_id=tenant_id,
    )


async def is_domain_taken(read: Read, name: str) -> bool:
    """Whether any tenant has the domain, a deleted one included. `name` is lower-case."""
    return await read.one_or_none(str, "SELECT name FROM domains WHERE name = :name", name=name) is not None


async def delete_domain(tx: Tx, tenant_id: TenantId, name: str) -> bool:
    """Take the domain from the tenant, unless it is the initial one. Of several callers at most one gets True."""
    row = await tx.one_or_none(
        str,
        "DELETE FROM domains WHERE name = :name AND tenant_id = :tenant_id AND is_initial = 0 RETURNING name",
        name=name,
        tenant_id=tenant_id,
    )
    return row is not None


async def count_names_in_domain(read: Read, tenant_id: TenantId, name: str, most: int) -> int:
    """How many users, deleted ones included, have a sign-in name in the domain; it counts up to `most`.

    When there are fewer, it looks at every name of the tenant, in their index.
    """
    [found] = await read.all(
        int,
        """
        SELECT COUNT(*) FROM (
            SELECT 1 FROM users u WHERE u.tenant_id = :tenant_id AND u.upn_key LIKE :ending LIMIT :most
        ) n
        """,
        tenant_id=tenant_id,
        ending=f"%@{name}",
        most=most,
    )
    return found
