"""One webhook as people look at it: what it listens to, and the events that it was sent."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.outbox.deliveries import get_delivery, list_deliveries
from tenantry.outbox.webhooks import ObjectType, get_webhook
from tenantry.store.engine.interface import Read
from tenantry.store.groups import group_lists
from tenantry.store.groups.group_lists import GroupFacts
from tenantry.store.outbox.webhook_deliveries import Delivery
from tenantry.store.outbox.webhooks import Webhook
from tenantry.store.users import users


class WebhookPicture(NamedTuple):
    """A webhook. `group` is what it listens to; None: all groups of the tenant. `registered_by` is empty when no user
    of the tenant registered it.
    """

    webhook: Webhook
    group: GroupFacts | None
    registered_by: str
    deliveries: list[Delivery]


async def look_at_webhook(
    read: Read, caller: Caller, tenant_id: TenantId, webhook_id: str, *, before: str, limit: int, now: Micros
) -> WebhookPicture:
    """The webhook, with at most `limit` deliveries before the id `before` (empty: from the newest). Raises as
    `get_webhook`.
    """
    webhook = await get_webhook(read, caller, Action.READ_WEBHOOKS, tenant_id, webhook_id, now)
    group = None
    if webhook.object_type == ObjectType.GROUP:
        group = await group_lists.find_facts(read, tenant_id, GroupId(webhook.object_id))
    kind, _colon, user_id = webhook.created_by.partition(":")
    user = await users.find(read, tenant_id, UserId(user_id)) if kind == "user" else None
    deliveries = await list_deliveries(read, tenant_id, webhook, before=before, limit=limit)
    return WebhookPicture(webhook, group, user.display_name if user else "", deliveries)


async def look_at_delivery(
    read: Read, caller: Caller, tenant_id: TenantId, webhook_id: str, delivery_id: str, now: Micros
) -> tuple[Webhook, Delivery]:
    """One event of the webhook, as it was sent. Raises as `get_webhook`; NotFound("event")."""
    webhook = await get_webhook(read, caller, Action.READ_WEBHOOKS, tenant_id, webhook_id, now)
    return webhook, await get_delivery(read, tenant_id, webhook, delivery_id)
