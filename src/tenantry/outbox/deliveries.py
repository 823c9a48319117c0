"""Sends what waits in the outbox: at least once, then again at growing intervals, then no more.

1. A row is claimed by moving its due time beyond the longest exchange; of two processes one wins it. A process that
   dies meanwhile leaves a row that is due again soon.
2. The event is sent outside of any transaction. Any 2xx is a delivery, whatever its body, which is not even read.
3. A receiver that answers 429 or 503 with `Retry-After` is left alone that long, within LONGEST_PAUSE (RFC 9110
   §10.2.3); one that answers 410 is gone for good (§15.5.11), and its webhook is disabled at once.
4. After the last attempt the webhook is disabled, which the trail says, until somebody enables it. It is also disabled
   when too many events wait. The sender counts them now and then (sender.py); a change never counts.

Source: Kaizala contract §3.12 (delivery): 6 retries with exponential delay within 2 days.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller, Origin, operator
from tenantry.core.clock import DAY, MINUTE, Clock, Micros
from tenantry.core.errors import FailedPrecondition, NotFound
from tenantry.core.http import OutgoingHttp, Unreachable, retry_after
from tenantry.core.ids import CorrelationId, TenantId, new_guid
from tenantry.outbox.callback_tokens import UNREADABLE, token_of
from tenantry.outbox.changes import note
from tenantry.outbox.handshake import token_header
from tenantry.outbox.many_groups import tell_next
from tenantry.outbox.webhooks import (
    GIVEN_UP_AT_ONCE,
    disable,
    get_webhook,
    is_live,
    require_live,
)
from tenantry.store.engine.interface import Read, Store, Tx
from tenantry.store.outbox import webhook_deliveries, webhooks
from tenantry.store.outbox.webhook_deliveries import Claimed, Delivery
from tenantry.store.outbox.webhooks import Webhook
from tenantry.store.tenants import tenants
from tenantry.tokens.keys.master_key import MasterKey

RETRIES = 6
FIRST_RETRY_AFTER = 2 * MINUTE
GROWTH = 4
"""The factor by which the wait grows: 2, 8, 32 minutes, 2, 8.5 and 34 hours, so that the last attempt is 45.5 hours
after the first.
"""
LONGEST_PAUSE = DAY
"""The longest pause that a receiver can ask for. Asking never makes an attempt come sooner."""
LEASE = 2 * MINUTE
"""Longer than any exchange may take (`core/http.py`), looking up the name included."""


class Sending(NamedTuple):
    """A claimed event, and the webhook that it goes to."""

    webhook: Webhook
    claimed: Claimed


class Failure(NamedTuple):
    """Why something was not delivered, how long its receiver asked to wait, and whether it is gone for good."""

    error: str
    pause: Micros | None = None
    is_gone: bool = False


async def deliver_next(
    store: Store, http: OutgoingHttp, master_key: MasterKey, tenant_id: TenantId, webhook_id: str, clock: Clock
) -> bool:
    """Send the webhook's event that has been due longest, and store the outcome in its row. When nothing may be sent,
    go on with an untold change in many groups instead, which later events wait for. False when there is nothing to do.
    """
    sending = await _claim(store, tenant_id, webhook_id, clock)
    if sending is None:
        return await tell_next(store, tenant_id)
    failure = await _send(http, master_key, tenant_id, sending, clock)
    now = clock()
    async with store.write() as tx:
        if failure is None:
            await webhook_deliveries.mark_delivered(tx, tenant_id, sending.claimed.id, now)
        else:
            await _note_failure(tx, tenant_id, sending, failure, now)
    return True


async def _claim(store: Store, tenant_id: TenantId, webhook_id: str, clock: Clock) -> Sending | None:
    """Claim the webhook's next event. Events that wait for a webhook which has ended are given up, some at a time.

    In a disabled tenant they go on waiting, since the webhook comes back with the tenant. They are listed before the
    webhook is looked at again: if it came back meanwhile, its new events would not be among them.
    """
    while True:
        async with store.write() as tx:
            now = clock()
            webhook = await _find_live(tx, tenant_id, webhook_id, now)
            if webhook is not None and webhook.not_before is not None and webhook.not_before > now:
                return None
            if webhook is not None:
                claimed = await webhook_deliveries.claim_due(
                    tx, tenant_id, webhook_id, leased_until=now + LEASE, now=now
                )
                return None if claimed is None else Sending(webhook, claimed)
            tenant = await tenants.find_undeleted(tx, tenant_id)
            if tenant is not None and tenant.disabled_at is not None:
                return None
            waiting = await webhook_deliveries.list_waiting(tx, tenant_id, webhook_id, GIVEN_UP_AT_ONCE)
            if not waiting:
                return None
            if await _find_live(tx, tenant_id, webhook_id, now) is None:
                await webhook_deliveries.give_up(tx, tenant_id, waiting, "the webhook had ended")


async def _find_live(read: Read, tenant_id: TenantId, webhook_id: str, now: Micros) -> Webhook | None:
    webhook = await webhooks.find(read, tenant_id, webhook_id)
    if webhook is None or not is_live(webhook, now) or await tenants.find_live(read, tenant_id) is None:
        return None
    return webhook


async def _send(
    http: OutgoingHttp, master_key: MasterKey, tenant_id: TenantId, sending: Sending, clock: Clock
) -> Failure | None:
    """Send the event. Answers why it failed; None when it was delivered."""
    webhook, claimed = sending
    try:
        headers = token_header(token_of(master_key, tenant_id, webhook))
        body = claimed.body.encode()
        reply = await http.post_json(webhook.callback_url, body, tenant_id=tenant_id, headers=headers)
    except FailedPrecondition:
        return Failure(UNREADABLE)
    except Unreachable as unreachable:
        return Failure(str(unreachable))
    if 200 <= reply.status < 300:
        return None
    pause = retry_after(reply, clock()) if reply.status in (429, 503) else None
    return Failure(f"it answered {reply.status}", pause and min(pause, LONGEST_PAUSE), reply.status == 410)


async def disable_if_overfull(
    store: Store, tenant_id: TenantId, webhook_id: str, most_waiting: int, clock: Clock
) -> None:
    """Disable a webhook for which too many events wait: its receiver has to read everything anew in any case."""
    async with store.read() as read:
        waiting = await webhook_deliveries.count_waiting(read, tenant_id, webhook_id, most_waiting + 1)
    if waiting > most_waiting:
        reason = f"more than {most_waiting:,} events waited: its receiver does not take them as fast as they come"
        async with store.write() as tx:
            await disable(tx, _server(), tenant_id, webhook_id, reason, clock())


async def _note_failure(tx: Tx, tenant_id: TenantId, sending: Sending, failure: Failure, now: Micros) -> None:
    webhook, claimed = sending
    pause = failure.pause or 0
    last = failure.is_gone or claimed.attempts > RETRIES
    due_at = None if last else now + max(retry_delay(claimed.attempts), pause)
    if not await webhook_deliveries.mark_failed(
        tx, tenant_id, claimed.id, attempts=claimed.attempts, error=failure.error, due_at=due_at
    ):
        return
    if pause:
        await webhooks.pause(tx, tenant_id, webhook.id, now + pause)
    if last:
        reason = f"an event could not be delivered in {claimed.attempts} attempts; at the last one {failure.error}"
        if failure.is_gone:
            reason = f"its receiver says that it is gone for good: {failure.error}"
        await disable(tx, _server(), tenant_id, webhook.id, reason, now)


def _server() -> Caller:
    return operator(Origin(CorrelationId(new_guid()), ""))


def retry_delay(attempts: int) -> Micros:
    """How long to wait after so many attempts."""
    return FIRST_RETRY_AFTER * int(GROWTH ** (attempts - 1))


async def list_deliveries(
    read: Read, tenant_id: TenantId, webhook: Webhook, *, before: str = "", limit: int
) -> list[Delivery]:
    """The webhook's deliveries, newest first. The caller was given the webhook by a function that checked it."""
    return await webhook_deliveries.list_latest(read, tenant_id, webhook.id, before=before, limit=limit)


async def get_delivery(read: Read, tenant_id: TenantId, webhook: Webhook, delivery_id: str) -> Delivery:
    """One delivery. The caller was given the webhook by a function that checked it. Raises NotFound."""
    found = await webhook_deliveries.find(read, tenant_id, webhook.id, delivery_id)
    if found is None:
        raise NotFound("event")
    return found


async def send_again(
    tx: Tx, caller: Caller, tenant_id: TenantId, webhook_id: str, delivery_id: str, now: Micros
) -> None:
    """Send the same event with the same id once more, from its first attempt on.

    Raises NotFound, what `access.require` does, FailedPrecondition when it waits anyhow, or when nothing is sent to the
    webhook.
    """
    webhook = await get_webhook(tx, caller, Action.CHANGE_WEBHOOKS, tenant_id, webhook_id, now)
    require_live(webhook, now)
    await get_delivery(tx, tenant_id, webhook, delivery_id)
    if not await webhook_deliveries.make_due(tx, tenant_id, webhook_id, delivery_id, now):
        raise FailedPrecondition("The event waits to be sent anyhow.")
    event = events.WebhookEventRepeated(webhook_id=webhook_id, delivery_id=delivery_id)
    await record(tx, tenant_id, caller, event, now)
    note(tenant_id, webhook_id)
