"""Webhooks, and the events that are on their way to them."""

from __future__ import annotations

from tenantry.store.schema.parts import blob, child_of, index, maybe_text, maybe_time, owned, small, text, time

owned(
    "webhooks",
    text("id"),
    text("object_type"),  # group | tenant
    text("object_id"),
    text("event_types"),  # space-separated
    text("callback_url"),
    blob("callback_token", nullable=True),  # encrypted under the master key
    maybe_text("context"),  # sent back with each event
    maybe_text("connector_id"),  # through which it was registered; NULL: in the portal
    text("created_by"),
    time("created_at"),
    time("expires_at"),
    maybe_time("disabled_at"),
    maybe_text("disabled_reason"),
    maybe_time("deleted_at"),
    maybe_time("not_before"),  # its receiver asked to wait until then
    index("ix_webhooks_object", "tenant_id", "object_type", "object_id", where="deleted_at IS NULL"),
    key=("id",),
)

owned(
    "webhook_deliveries",  # the outbox: written with the change, sent after it
    text("id"),  # sorts by time
    text("webhook_id"),
    text("event_type"),
    text("body"),  # JSON, as it is sent
    small("attempts", default="0"),
    time("created_at"),
    maybe_time("due_at"),  # NULL: nothing is left to do
    maybe_time("delivered_at"),
    maybe_text("last_error"),  # of the last attempt that failed
    child_of("webhooks", "webhook_id", name="fk_webhook_deliveries_webhook"),
    index("ix_webhook_deliveries_webhook", "tenant_id", "webhook_id", "id"),
    index("ix_webhook_deliveries_due", "tenant_id", "webhook_id", "due_at", "id", where="due_at IS NOT NULL"),
    key=("id",),
)

owned(
    "untold_changes",  # a user was deleted or restored: not all of its many groups' webhooks have been told
    text("id"),  # sorts by time; with it begin the ids of its deliveries
    text("event_type"),
    text("user_id"),
    text("facts"),  # JSON: what its events say of the user, and of who made the change
    time("created_at"),
    text("after_group_id"),  # groups up to this one have been told
    key=("id",),
)
