"""The `webhooks` table: which receiver is told of which events, at which address."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read, Tx

CONNECTOR_IS_LIVE = """
    (w.connector_id IS NULL OR EXISTS (
        SELECT 1 FROM connectors c WHERE c.id = w.connector_id AND c.deleted_at IS NULL
          AND ' ' || c.permissions || ' ' LIKE '% webhooks %'
    ) AND (EXISTS (
        SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = w.connector_id
          AND t.user_id = SUBSTR(w.created_by, 6) AND t.revoked_at IS NULL
    ) OR EXISTS (
        SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = w.connector_id
          AND t.group_id = w.object_id AND t.revoked_at IS NULL
    ) OR EXISTS (
        SELECT 1 FROM grants t WHERE t.tenant_id = :tenant_id AND t.connector_id = w.connector_id
          AND t.reach = 'tenant' AND t.revoked_at IS NULL
    )))"""
"""A condition on the webhook `w`: it was not registered through a connector; or the connector still has the permission,
and a live token left of the user who registered it, for the group or for the tenant. It is three looks at three
indexes, however many rows there are.
"""


class Webhook(NamedTuple):
    """One row. `callback_token` is encrypted. Nothing is sent before `not_before`, which its receiver asked for.
    `connector_ended`: 1 when the connector through which it was registered may know of nothing any more.
    """

    id: str
    object_type: str
    object_id: str
    event_types: str
    callback_url: str
    callback_token: bytes | None
    context: str | None
    connector_id: str | None
    created_by: str
    created_at: int
    expires_at: int
    disabled_at: int | None
    disabled_reason: str | None
    not_before: int | None
    connector_ended: int


class ListedWebhook(NamedTuple):
    """A webhook in a list, with its group's name and what became of its latest event (None: there was none). `made_by`
    is the present display name of the tenant's user who registered it.
    """

    id: str
    object_type: str
    object_id: str
    event_types: str
    callback_url: str
    created_at: int
    expires_at: int
    disabled_at: int | None
    connector_ended: int
    created_by: str
    made_by: str | None
    group_name: str | None
    sent_at: int | None
    delivered_at: int | None
    due_at: int | None


async def count_of_object(read: Read, tenant_id: TenantId, object_type: str, object_id: str, now: Micros) -> int:
    """How many webhooks of the group or tenant have neither ended nor expired."""
    [found] = await read.all(
        int,
        """
        SELECT COUNT(*) FROM webhooks
        WHERE tenant_id = :tenant_id AND object_type = :object_type AND object_id = :object_id
          AND deleted_at IS NULL AND expires_at > :now
        """,
        tenant_id=tenant_id,
        object_type=object_type,
        object_id=object_id,
        now=now,
    )
    return found


async def insert(
    tx: Tx,
    tenant_id: TenantId,
    webhook_id: str,
    *,
    object_type: str,
    object_id: str,
    event_types: str,
    callback_url: str,
    callback_token: bytes | None,
    context: str | None,
    connector_id: str | None,
    created_by: str,
    expires_at: Micros,
    now: Micros,
) -> None:
    await tx.run(
        """
        INSERT INTO webhooks (tenant_id, id, object_type, object_id, event_types, callback_url, callback_token, context,
                              connector_id, created_by, created_at, expires_at)
        VALUES (:tenant_id, :id, :object_type, :object_id, :event_types, :callback_url, :callback_token, :context,
                :connector_id, :created_by, :now, :expires_at)
        """,
        tenant_id=tenant_id,
        id=webhook_id,
        object_type=object_type,
        object_id=object_id,
        event_types=event_types,
        callback_url=callback_url,
        callback_token=callback_token,
        context=context,
        connector_id=connector_id,
        created_by=created_by,
        expires_at=expires_at,
        now=now,
    )


async def find(read: Read, tenant_id: TenantId, webhook_id: str) -> Webhook | None:
    """A webhook that is not deleted. It may be disabled or expired."""
    return await read.one_or_none(
        Webhook,
        f"""
        SELECT w.id, w.object_type, w.object_id, w.event_types, w.callback_url, w.callback_token, w.context,
               w.connector_id, w.created_by, w.created_at, w.expires_at, w.disabled_at, w.disabled_reason,
               w.not_before,
               CASE WHEN {CONNECTOR_IS_LIVE} THEN 0 ELSE 1 END AS connector_ended
        FROM webhooks w
        WHERE w.tenant_id = :tenant_id AND w.id = :id AND w.deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=webhook_id,
    )


async def list_of_object(read: Read, tenant_id: TenantId, object_type: str, object_id: str) -> list[Webhook]:
    """The webhooks of one group or of the tenant, oldest first; disabled and expired ones too."""
    return await read.all(
        Webhook,
        f"""
        SELECT w.id, w.object_type, w.object_id, w.event_types, w.callback_url, w.callback_token, w.context,
               w.connector_id, w.created_by, w.created_at, w.expires_at, w.disabled_at, w.disabled_reason,
               w.not_before,
               CASE WHEN {CONNECTOR_IS_LIVE} THEN 0 ELSE 1 END AS connector_ended
        FROM webhooks w
        WHERE w.tenant_id = :tenant_id AND w.object_type = :object_type AND w.object_id = :object_id
          AND w.deleted_at IS NULL
        ORDER BY w.created_at, w.id
        """,
        tenant_id=tenant_id,
        object_type=object_type,
        object_id=object_id,
    )


async def list_page(
    read: Read,
    tenant_id: TenantId,
    *,
    of_tenant: bool,
    all_groups: bool,
    group_id: str,
    of_admin: UserId | str,
    before: Micros,
    before_id: str,
    limit: int,
) -> list[ListedWebhook]:
    """At most `limit` webhooks, newest first, from (`before`, `before_id`) on: as asked for, those of the tenant, of
    every group, of one group, and of the groups that `of_admin` administers. Deleted groups have none.
    """
    return await read.all(
        ListedWebhook,
        f"""
        SELECT w.id, w.object_type, w.object_id, w.event_types, w.callback_url, w.created_at, w.expires_at,
               w.disabled_at,
               CASE WHEN {CONNECTOR_IS_LIVE} THEN 0 ELSE 1 END AS connector_ended,
               w.created_by, u.display_name AS made_by, g.name AS group_name,
               d.created_at AS sent_at, d.delivered_at, d.due_at
        FROM webhooks w
        LEFT JOIN groups g ON g.tenant_id = :tenant_id AND g.id = w.object_id AND g.deleted_at IS NULL
        LEFT JOIN users u ON u.tenant_id = :tenant_id AND u.id = SUBSTR(w.created_by, 6)
        LEFT JOIN webhook_deliveries d ON d.tenant_id = :tenant_id AND d.id = (
            SELECT MAX(last.id) FROM webhook_deliveries last
            WHERE last.tenant_id = :tenant_id AND last.webhook_id = w.id)
        WHERE w.tenant_id = :tenant_id AND w.deleted_at IS NULL
          AND (w.created_at < :before OR (w.created_at = :before AND w.id < :before_id))
          AND (w.object_type = 'tenant' AND :of_tenant = 1
               OR g.id IS NOT NULL AND (:all_groups = 1 OR w.object_id = :group_id OR EXISTS (
                   SELECT 1 FROM group_members m WHERE m.tenant_id = :tenant_id AND m.group_id = w.object_id
                     AND m.user_id = :of_admin AND m.role = 'admin')))
        ORDER BY w.created_at DESC, w.id DESC LIMIT :limit
        """,
        tenant_id=tenant_id,
        of_tenant=int(of_tenant),
        all_groups=int(all_groups),
        group_id=group_id,
        of_admin=of_admin,
        before=before,
        before_id=before_id,
        limit=limit,
    )


async def update(
    tx: Tx,
    tenant_id: TenantId,
    webhook_id: str,
    *,
    event_types: str,
    callback_url: str,
    callback_token: bytes | None,
    context: str | None,
    expires_at: Micros,
) -> bool:
    """Change a webhook. Answers False when there is none that is not deleted."""
    changed = await tx.run(
        """
        UPDATE webhooks SET event_types = :event_types, callback_url = :callback_url, callback_token = :callback_token,
                            context = :context, expires_at = :expires_at,
                            not_before = CASE WHEN callback_url = :callback_url THEN not_before END
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=webhook_id,
        event_types=event_types,
        callback_url=callback_url,
        callback_token=callback_token,
        context=context,
        expires_at=expires_at,
    )
    return changed == 1


async def disable(tx: Tx, tenant_id: TenantId, webhook_id: str, reason: str, now: Micros) -> bool:
    """Disable a webhook. Answers False when it is disabled or deleted."""
    changed = await tx.run(
        """
        UPDATE webhooks SET disabled_at = :now, disabled_reason = :reason
        WHERE tenant_id = :tenant_id AND id = :id AND disabled_at IS NULL AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=webhook_id,
        reason=reason,
        now=now,
    )
    return changed == 1


async def enable(tx: Tx, tenant_id: TenantId, webhook_id: str) -> bool:
    """Enable a webhook. Answers False when it is not disabled, or is deleted."""
    changed = await tx.run(
        """
        UPDATE webhooks SET disabled_at = NULL, disabled_reason = NULL, not_before = NULL
        WHERE tenant_id = :tenant_id AND id = :id AND disabled_at IS NOT NULL AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=webhook_id,
    )
    return changed == 1


async def pause(tx: Tx, tenant_id: TenantId, webhook_id: str, until: Micros) -> None:
    """Send nothing to the webhook until then, as its receiver has asked. Another address ends the pause, and so does
    enabling it.
    """
    await tx.run(
        "UPDATE webhooks SET not_before = :until WHERE tenant_id = :tenant_id AND id = :id",
        tenant_id=tenant_id,
        id=webhook_id,
        until=until,
    )


async def mark_deleted(tx: Tx, tenant_id: TenantId, webhook_id: str, now: Micros) -> bool:
    """Mark a webhook deleted, and delete its token at once. Answers False when it was deleted before."""
    changed = await tx.run(
        """
        UPDATE webhooks SET deleted_at = :now, callback_token = NULL
        WHERE tenant_id = :tenant_id AND id = :id AND deleted_at IS NULL
        """,
        tenant_id=tenant_id,
        id=webhook_id,
        now=now,
    )
    return changed == 1
