"""The `webhook_deliveries` table: the outbox. A row is written in the transaction of the change that it tells of, and
is sent after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Tx, Value


class Claimed(NamedTuple):
    """A delivery that is to be sent now. `attempts` counts this attempt too."""

    id: str
    event_type: str
    body: str
    attempts: int


class Delivery(NamedTuple):
    """One event for one webhook. Without `due_at` nothing is left to do: it was delivered, or given up."""

    id: str
    event_type: str
    body: str
    attempts: int
    created_at: int
    due_at: int | None
    delivered_at: int | None
    last_error: str | None


class Due(NamedTuple):
    """A webhook, and the time at which something is due for it."""

    webhook_id: str
    due_at: int


async def insert_all(tx: Tx, rows: Sequence[Mapping[str, Value]]) -> None:
    """Add deliveries that are due at once. Each row has tenant_id, id, webhook_id, event_type, body, now."""
    await tx.run_many(
        """
        INSERT INTO webhook_deliveries (tenant_id, id, webhook_id, event_type, body, attempts, created_at, due_at)
        VALUES (:tenant_id, :id, :webhook_id, :event_type, :body, 0, :now, :now)
        """,
        rows,
    )


async def claim_due(
    tx: Tx, tenant_id: TenantId, webhook_id: str, *, leased_until: Micros, now: Micros
) -> Claimed | None:
    """Claim the delivery that has been due longest for the webhook, until `leased_until`. Of several callers at most
    one wins.

    A delivery that is later than the tenant's oldest untold change is not claimed before that has been told.
    """
    return await tx.one_or_none(
        Claimed,
        """
        UPDATE webhook_deliveries SET due_at = :leased_until, attempts = attempts + 1
        WHERE tenant_id = :tenant_id AND due_at <= :now AND id = (
            SELECT d.id FROM webhook_deliveries d
            WHERE d.tenant_id = :tenant_id AND d.webhook_id = :webhook_id AND d.due_at <= :now
              AND NOT EXISTS (SELECT 1 FROM untold_changes c
                              WHERE c.tenant_id = :tenant_id AND c.created_at < d.created_at)
            ORDER BY d.due_at, d.id LIMIT 1)
        RETURNING id, event_type, body, attempts
        """,
        tenant_id=tenant_id,
        webhook_id=webhook_id,
        leased_until=leased_until,
        now=now,
    )


async def mark_delivered(tx: Tx, tenant_id: TenantId, delivery_id: str, now: Micros) -> None:
    """Mark the delivery delivered, whichever attempt got through."""
    await tx.run(
        """
        UPDATE webhook_deliveries SET due_at = NULL, delivered_at = :now, last_error = NULL
        WHERE tenant_id = :tenant_id AND id = :id
        """,
        tenant_id=tenant_id,
        id=delivery_id,
        now=now,
    )


async def mark_failed(
    tx: Tx, tenant_id: TenantId, delivery_id: str, *, attempts: int, error: str, due_at: Micros | None
) -> bool:
    """Note that an attempt failed: the delivery is tried again at `due_at`, or given up when that is None. Answers
    False when somebody else has claimed it meanwhile.
    """
    changed = await tx.run(
        """
        UPDATE webhook_deliveries SET due_at = :due_at, last_error = :error
        WHERE tenant_id = :tenant_id AND id = :id AND attempts = :attempts AND due_at IS NOT NULL
        """,
        tenant_id=tenant_id,
        id=delivery_id,
        attempts=attempts,
        error=error,
        due_at=due_at,
    )
    return changed == 1


async def list_waiting(read: Read, tenant_id: TenantId, webhook_id: str, limit: int) -> list[str]:
    """The ids of at most `limit` events of the webhook that are neither delivered nor given up."""
    return await read.all(
        str,
        """
        SELECT id FROM webhook_deliveries
        WHERE tenant_id = :tenant_id AND webhook_id = :webhook_id AND due_at IS NOT NULL
        ORDER BY due_at, id LIMIT :limit
        """,
        tenant_id=tenant_id,
        webhook_id=webhook_id,
        limit=limit,
    )


async def count_waiting(read: Read, tenant_id: TenantId, webhook_id: str, most: int) -> int:
    """How many events of the webhook are neither delivered nor given up; counts up to `most`."""
    [found] = await read.all(
        int,
        """
        SELECT COUNT(*) FROM (
            SELECT 1 FROM webhook_deliveries
            WHERE tenant_id = :tenant_id AND webhook_id = :webhook_id AND due_at IS NOT NULL LIMIT :most) n
        """,
        tenant_id=tenant_id,
        webhook_id=webhook_id,
        most=most,
    )
    return found


async def give_up(tx: Tx, tenant_id: TenantId, delivery_ids: Sequence[str], why: str) -> None:
    """Give up the deliveries that still wait. One with an error of its own keeps that."""
    await tx.run_many(
        """
        UPDATE webhook_deliveries SET due_at = NULL, last_error = COALESCE(last_error, :why)
        WHERE tenant_id = :tenant_id AND id = :id AND due_at IS NOT NULL
        """,
        [{"tenant_id": tenant_id, "id": delivery_id, "why": why} for delivery_id in delivery_ids],
    )


async def make_due(tx: Tx, tenant_id: TenantId, webhook_id: str, delivery_id: str, now: Micros) -> bool:
    """Let a delivery that was delivered or given up be sent once more, from the first attempt on. Answers False when it
    waits, or does not exist.
    """
    changed = await tx.run(
        """
        UPDATE webhook_deliveries SET due_at = :now, delivered_at = NULL, attempts = 0, last_error = NULL
        WHERE tenant_id = :tenant_id AND id = :id AND webhook_id = :webhook_id AND due_at IS NULL
        """,
        tenant_id=tenant_id,
        id=delivery_id,
        webhook_id=webhook_id,
        now=now,
    )
    return changed == 1


async def list_due(read: Read, tenant_id: TenantId) -> list[Due]:
    """The tenant's webhooks for which something waits, each with the first time at which something may be sent; none
    while the tenant is disabled. When the tenant has an untold change, a row with '' in place of a webhook's id stands
    for it.
    """
    return await read.all(
        Due,
        """
        SELECT w.id AS webhook_id,
               CASE WHEN w.not_before > d.due_at THEN w.not_before ELSE d.due_at END AS due_at FROM webhooks w
        JOIN tenants t ON t.id = w.tenant_id AND (t.disabled_at IS NULL OR t.deleted_at IS NOT NULL)
        JOIN webhook_deliveries d ON d.tenant_id = :tenant_id AND d.id = (
            SELECT first.id FROM webhook_deliveries first
            WHERE first.tenant_id = :tenant_id AND first.webhook_id = w.id AND first.due_at IS NOT NULL
            ORDER BY first.due_at LIMIT 1)
        WHERE w.tenant_id = :tenant_id
        UNION ALL
        SELECT '' AS webhook_id, MIN(c.created_at) AS due_at FROM untold_changes c
        WHERE c.tenant_id = :tenant_id HAVING COUNT(*) > 0
        """,
        tenant_id=tenant_id,
    )


async def find_next_due(read: Read, tenant_id: TenantId, webhook_id: str) -> Micros | None:
    """When something may be sent to the webhook; None when nothing waits, and while the tenant is disabled."""
    return await read.one_or_none(
        Micros,
        """
        SELECT CASE WHEN w.not_before > d.due_at THEN w.not_before ELSE d.due_at END FROM webhook_deliveries d
        JOIN webhooks w ON w.tenant_id = d.tenant_id AND w.id = d.webhook_id
        JOIN tenants t ON t.id = d.tenant_id AND (t.disabled_at IS NULL OR t.deleted_at IS NOT NULL)
        WHERE d.tenant_id = :tenant_id AND d.webhook_id = :webhook_id AND d.due_at IS NOT NULL
        ORDER BY d.due_at LIMIT 1
        """,
        tenant_id=tenant_id,
        webhook_id=webhook_id,
    )


async def list_latest(read: Read, tenant_id: TenantId, webhook_id: str, *, before: str, limit: int) -> list[Delivery]:
    """At most `limit` deliveries of the webhook, newest first, from before the id `before` on (empty: from the
    newest).
    """
    return await read.all(
        Delivery,
        """
        SELECT id, event_type, body, attempts, created_at, due_at, delivered_at, last_error FROM webhook_deliveries
        WHERE tenant_id = :tenant_id AND webhook_id = :webhook_id AND id < :before ORDER BY id DESC LIMIT :limit
        """,
        tenant_id=tenant_id,
        webhook_id=webhook_id,
        before=before or "g",
        limit=limit,
    )


async def find(read: Read, tenant_id: TenantId, webhook_id: str, delivery_id: str) -> Delivery | None:
    return await read.one_or_none(
        Delivery,
        """
        SELECT id, event_type, body, attempts, created_at, due_at, delivered_at, last_error FROM webhook_deliveries
        WHERE tenant_id = :tenant_id AND webhook_id = :webhook_id AND id = :id
        """,
        tenant_id=tenant_id,
        webhook_id=webhook_id,
        id=delivery_id,
    )
