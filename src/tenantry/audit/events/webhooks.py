"""Events of webhooks. Of their addresses only the host is told, since the rest may be a secret in itself."""

from __future__ import annotations

from tenantry.audit.events.base import Event


class WebhookRegistered(Event, tag="webhook.registered"):
    webhook_id: str
    object_type: str
    object_id: str
    event_types: list[str]
    host: str


class WebhookUpdated(Event, tag="webhook.updated"):
    webhook_id: str
    event_types: list[str]
    host: str


class WebhookEnabled(Event, tag="webhook.enabled"):
    webhook_id: str


class WebhookDisabled(Event, tag="webhook.disabled"):
    """Somebody disabled it, or the server did after the last attempt; `reason` says which."""

    webhook_id: str
    reason: str


class WebhookDeleted(Event, tag="webhook.deleted"):
    webhook_id: str


class WebhookTested(Event, tag="webhook.tested"):
    webhook_id: str


class WebhookEventRepeated(Event, tag="webhook.event_repeated"):
    webhook_id: str
    delivery_id: str
