"""Finds and deletes expired rows of the tables that keep secrets and answers for a time only.

One statement reads the rows of a table by primary key, some at a time, across tenants. So its cost depends on the
number of rows, not of tenants, and no table needs an index for it. Only housekeeping may read across tenants; each
deletion is within one tenant.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import RelationshipId, TenantId
from tenantry.store.engine.interface import Read, Writes


class _Rows(NamedTuple):
    """A table whose rows expire. `key`: the column of the primary key behind the tenant. `ends_at`: when a row ends;
    NULL: that is not known yet. `start`: a key that sorts before all others.
    """

    table: str
    key: str
    ends_at: str = "expires_at"
    start: bytes | str = b""


class Table(_Rows, Enum):
    """The tables whose rows expire."""

    AUTHORIZATION_CODES = _Rows("authorization_codes", "code_hash")
    DEVICE_TOKENS = _Rows("device_tokens", "token_hash")
    GROUP_INVITATIONS = _Rows("group_invitations", "invitation_hash")
    IDEMPOTENCY_KEYS = _Rows("idempotency_keys", "key_hash")
    # A PIN's row also counts the PINs of its hour; a number has one for each purpose.
    PHONE_PINS = _Rows(
        "phone_pins",
        "number",
        "CASE WHEN expires_at < window_started_at THEN window_started_at ELSE expires_at END",
        "",
    )
    REFRESH_TOKENS = _Rows("refresh_tokens", "token_hash")
    SESSIONS = _Rows("sessions", "session_hash")
    SIGN_INS = _Rows("sign_ins", "sign_in_hash")
    WEBHOOK_DELIVERIES = _Rows(
        "webhook_deliveries", "id", "CASE WHEN due_at IS NULL THEN COALESCE(delivered_at, created_at) END", ""
    )
    WEBHOOKS = _Rows("webhooks", "id", "COALESCE(deleted_at, expires_at)", "")


class Key(NamedTuple):
    """The key of one or more rows of a tenant; `has_ended` is 1 when one of them has ended, else 0."""

    tenant_id: TenantId
    key: bytes | str
    has_ended: int


async def list_keys(
    read: Read, table: Table, *, after_tenant_id: str, after: bytes | str, before: Micros, limit: int
) -> list[Key]:
    """At most `limit` keys behind this one, of every tenant, in order; what ended before `before` has ended."""
    return await read.all(
        Key,
        f"""
        SELECT tenant_id, {table.key} AS key, MAX(CASE WHEN {table.ends_at} < :before THEN 1 ELSE 0 END) AS has_ended
        FROM {table.table}
        WHERE (tenant_id, {table.key}) > (:after_tenant_id, :after)
        GROUP BY tenant_id, {table.key} ORDER BY tenant_id, {table.key} LIMIT :limit
        """,
        after_tenant_id=after_tenant_id,
        after=after,
        before=before,
        limit=limit,
    )


class ExpiredRelationship(NamedTuple):
    """A delegated relationship. `is_over` is 1 when its end has come and its status does not say so yet, else 0."""

    tenant_id: TenantId
    id: RelationshipId
    is_over: int


async def list_relationships(
    read: Read, *, after: tuple[str, str], now: Micros, limit: int
) -> list[ExpiredRelationship]:
    """At most `limit` relationships behind (customer, id), of every customer, in order."""
    return await read.all(
        ExpiredRelationship,
        """
        SELECT tenant_id, id,
               CASE WHEN status = 'active' AND expires_at <= :now THEN 1 ELSE 0 END AS is_over
        FROM delegated_relationships
        WHERE (tenant_id, id) > (:after_tenant_id, :after_id)
        ORDER BY tenant_id, id LIMIT :limit
        """,
        after_tenant_id=after[0],
        after_id=after[1],
        now=now,
        limit=limit,
    )


class KnownProvider(NamedTuple):
    """An identity provider; `is_removed` is 1 or 0."""

    tenant_id: TenantId
    id: str
    is_removed: int


async def list_providers(read: Read, *, after: tuple[str, str], limit: int) -> list[KnownProvider]:
    """At most `limit` identity providers behind (tenant, id), of every tenant, in order."""
    return await read.all(
        KnownProvider,
        """
        SELECT tenant_id, id, CASE WHEN disabled_at IS NULL THEN 0 ELSE 1 END AS is_removed FROM identity_providers
        WHERE (tenant_id, id) > (:after_tenant_id, :after_id)
        ORDER BY tenant_id, id LIMIT :limit
        """,
        after_tenant_id=after[0],
        after_id=after[1],
        limit=limit,
    )


async def delete(
    store: Writes, table: Table, tenant_id: TenantId, *, first: bytes | str, last: bytes | str, before: Micros
) -> int:
    """Delete the tenant's rows from `first` to `last` that ended before `before`. Answers how many."""
    return await store.run(
        f"""
        DELETE FROM {table.table}
        WHERE tenant_id = :tenant_id AND {table.key} >= :first AND {table.key} <= :last AND {table.ends_at} < :before
        """,
        tenant_id=tenant_id,
        first=first,
        last=last,
        before=before,
    )
