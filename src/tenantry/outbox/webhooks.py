"""Webhooks: admins register them for a group, administrators for the whole tenant.

Source: Kaizala contract §3.12, W1-W4. The receiver proves its address first (see handshake.py): `prove` runs outside
the transaction, and the change inside it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import GroupId, TenantId, new_guid
from tenantry.outbox.callback_tokens import seal
from tenantry.outbox.changes import NEVER_SENT, EventType, enqueue_test, note
from tenantry.outbox.handshake import ProvenUrl
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.groups import groups
from tenantry.store.outbox import webhook_deliveries, webhooks
from tenantry.store.outbox.webhooks import ListedWebhook, Webhook
from tenantry.store.tenants import tenants
from tenantry.tokens.keys.master_key import MasterKey

VALIDITY = 730 * DAY
LONGEST_VALIDITY = 3_650 * DAY
MOST_OF_ONE_OBJECT = 10
MAX_CONTEXT = 4_000
MAX_TOKEN = 1_024
GIVEN_UP_AT_ONCE = 500
"""How many events one transaction gives up."""

BY_HAND = "disabled by hand"


class ObjectType(StrEnum):
    """What a webhook listens to: a group, or every group of the tenant."""

    GROUP = "group"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a webhook listens to. `object_id` is the group's id, or the tenant's own."""

    object_type: ObjectType
    object_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a webhook is to be; when changing one, None leaves a thing as it is. Raises InvalidValue when made."""

    event_types: Collection[str] | None = None
    callback_token: str | None = field(default=None, repr=False)
    context: str | None = None
    expires_at: Micros | None = None

    def __post_init__(self) -> None:
        if self.event_types is not None:
            _check_event_types(self.event_types)
        token = self.callback_token or ""
        if len(token) > MAX_TOKEN or token != token.strip(" ") or any(not " " <= char <= "~" for char in token):
            raise InvalidValue(
                f"The callback token travels in a header: at most {MAX_TOKEN} ASCII characters, blanks only inside.",
                field="callBackToken",
            )
        if self.context is not None and len(self.context) > MAX_CONTEXT:
            raise InvalidValue(f"The callback context has at most {MAX_CONTEXT} characters.", field="callBackContext")


def _check_event_types(wanted: Collection[str]) -> None:
    """Each is an event's name in Kaizala contract §3.12, also one of those that this server never sends."""
    known = ", ".join(EventType)
    if not wanted:
        raise InvalidValue(f"A webhook asks for at least one event: {known}.", field="eventTypes")
    strange = sorted(set(wanted) - {*EventType, *NEVER_SENT})
    if strange:
        named = ", ".join(name[:64] for name in strange[:10])
        raise InvalidValue(f"There is no event {named}. This server sends {known}.", field="eventTypes")


async def require_over(
    read: Read, caller: Caller, action: Action, tenant_id: TenantId, subject: Subject, now: Micros
) -> None:
    """Raise what `access.require` does, unless the caller may read or change these webhooks: admins of the group may;
    those of the tenant are for its administrators in the portal.
    """
    if subject.object_type is ObjectType.TENANT:
        await require(read, caller, Action.CHANGE_TENANT_WEBHOOKS, tenant_id, now=now)
    else:
        await require(read, caller, action, tenant_id, group_id=GroupId(subject.object_id), now=now)


async def get_webhook(
    read: Read, caller: Caller, action: Action, tenant_id: TenantId, webhook_id: str, now: Micros
) -> Webhook:
    """A webhook that is not deleted. Raises NotFound, and what `access.require` does when the caller may not do
    `action` with it.
    """
    webhook = await webhooks.find(read, tenant_id, webhook_id)
    if webhook is None:
        raise NotFound("webhook")
    await require_over(read, caller, action, tenant_id, subject_of(webhook), now)
    return webhook


def subject_of(webhook: Webhook) -> Subject:
    """What the webhook listens to."""
    return Subject(ObjectType(webhook.object_type), webhook.object_id)


async def list_webhooks(
    read: Read, caller: Caller, tenant_id: TenantId, subject: Subject, now: Micros
) -> list[Webhook]:
    """The webhooks of one group or of the tenant, oldest first, disabled and expired ones too. Raises what
    `access.require` does.
    """
    await require_over(read, caller, Action.READ_WEBHOOKS, tenant_id, subject, now)
    return await webhooks.list_of_object(read, tenant_id, subject.object_type, subject.object_id)


async def search_webhooks(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    *,
    group_id: GroupId | None = None,
    before: tuple[Micros, str] | None = None,
    limit: int,
    now: Micros,
) -> list[ListedWebhook]:
    """A page of webhooks, newest first, from `before` (time and id of the last one shown) on: those of one group, or
    all that the caller may see.

    Raises what `access.require` does.
    """
    all_groups = of_tenant = False
    of_admin = ""
    if group_id is not None:
        await require(read, caller, Action.READ_WEBHOOKS, tenant_id, group_id=group_id, now=now)
    else:
        all_groups = (await decide(read, caller, Action.READ_WEBHOOKS, tenant_id, now=now)).allowed
        of_tenant = (await decide(read, caller, Action.CHANGE_TENANT_WEBHOOKS, tenant_id, now=now)).allowed
        if not all_groups and not of_tenant:
            await require(read, caller, Action.LIST_WEBHOOKS, tenant_id, now=now)
        of_admin = caller.user_id or "" if caller.tenant_id == tenant_id else ""
    at, last_id = before or (now + 1, "")
    return await webhooks.list_page(
        read,
        tenant_id,
        of_tenant=of_tenant,
        all_groups=all_groups,
        group_id=group_id or "",
        of_admin=of_admin,
        before=at,
        before_id=last_id,
        limit=limit,
    )


async def register_webhook(
    tx: Tx,
    master_key: MasterKey,
    caller: Caller,
    tenant_id: TenantId,
    subject: Subject,
    callback_url: ProvenUrl,
    wishes: Wishes,
    now: Micros,
) -> str:
    """Save a webhook, which listens from the commit on. Answers its id.

    Raises what `access.require` does; InvalidValue; FailedPrecondition when the object has MOST_OF_ONE_OBJECT.
    """
    await require_over(tx, caller, Action.CHANGE_WEBHOOKS, tenant_id, subject, now)
    await _require_room(tx, tenant_id, subject, now)
    event_types = sorted(set(wishes.event_types or ()))
    _check_event_types(event_types)
    webhook_id = new_guid()
    token = wishes.callback_token
    await webhooks.insert(
        tx,
        tenant_id,
        webhook_id,
        object_type=subject.object_type,
        object_id=subject.object_id,
        event_types=" ".join(event_types),
        callback_url=callback_url,
        callback_token=seal(master_key, tenant_id, webhook_id, token) if token else None,
        context=wishes.context,
        connector_id=caller.connector_id,
        created_by=caller.subject,
        expires_at=_end(wishes.expires_at or now + VALIDITY, now),
        now=now,
    )
    event = events.WebhookRegistered(
        webhook_id=webhook_id,
        object_type=subject.object_type,
        object_id=subject.object_id,
        event_types=event_types,
        host=_host(callback_url),
    )
    await record(tx, tenant_id, caller, event, now)
    return webhook_id


async def _require_room(tx: Tx, tenant_id: TenantId, subject: Subject, now: Micros) -> None:
    """Raise FailedPrecondition unless one more live webhook may listen to this. It holds the group or the tenant, so
    that two registrations take turns. Raises NotFound.
    """
    if subject.object_type is ObjectType.GROUP:
        held = await groups.lock(tx, tenant_id, GroupId(subject.object_id), now)
    else:
        held = await tenants.hold(tx, tenant_id)
    if not held:
        raise NotFound(subject.object_type)
    if await webhooks.count_of_object(tx, tenant_id, subject.object_type, subject.object_id, now) >= MOST_OF_ONE_OBJECT:
        raise FailedPrecondition(
            f"There are {MOST_OF_ONE_OBJECT} webhooks for this already, which is the most there may be. "
            "Delete one that is not needed."
        )


async def update_webhook(
    tx: Tx,
    master_key: MasterKey,
    caller: Caller,
    tenant_id: TenantId,
    webhook_id: str,
    wishes: Wishes,
    now: Micros,
    *,
    callback_url: ProvenUrl | None = None,
    active: bool | None = None,
) -> None:
    """Change what was asked for; `active` enables or disables it.

    A token that another connector gave does not follow to a new address, for which it was not given. Raises NotFound,
    what `access.require` does, InvalidValue; FailedPrecondition when an expired webhook would be one too many.
    """
    webhook = await get_webhook(tx, caller, Action.CHANGE_WEBHOOKS, tenant_id, webhook_id, now)
    token = webhook.callback_token
    moves = callback_url is not None and callback_url != webhook.callback_url
    if moves and caller.connector_id != webhook.connector_id:
        token = None
    if wishes.callback_token == "":
        token = None
    elif wishes.callback_token is not None:
        token = seal(master_key, tenant_id, webhook_id, wishes.callback_token)
    event_types = webhook.event_types.split() if wishes.event_types is None else sorted(set(wishes.event_types))
    if webhook.expires_at <= now and wishes.expires_at is not None:
        await _require_room(tx, tenant_id, subject_of(webhook), now)
    if wishes != Wishes() or callback_url is not None:
        await webhooks.update(
            tx,
            tenant_id,
            webhook_id,
            event_types=" ".join(event_types),
            callback_url=callback_url or webhook.callback_url,
            callback_token=token,
            context=webhook.context if wishes.context is None else wishes.context,
            expires_at=webhook.expires_at if wishes.expires_at is None else _end(wishes.expires_at, now),
        )
        host = _host(callback_url or webhook.callback_url)
        event = events.WebhookUpdated(webhook_id=webhook_id, event_types=event_types, host=host)
        await record(tx, tenant_id, caller, event, now)
    if active is True and await webhooks.enable(tx, tenant_id, webhook_id):
        await record(tx, tenant_id, caller, events.WebhookEnabled(webhook_id=webhook_id), now)
    if active is False:
        await disable(tx, caller, tenant_id, webhook_id, BY_HAND, now)


async def disable(tx: Tx, caller: Caller, tenant_id: TenantId, webhook_id: str, reason: str, now: Micros) -> None:
    """Disable the webhook: nothing more is sent to it or kept for it until somebody enables it. The caller has been
    checked.
    """
    if await webhooks.disable(tx, tenant_id, webhook_id, reason, now):
        await _give_up(tx, tenant_id, webhook_id, "the webhook was disabled")
        await record(tx, tenant_id, caller, events.WebhookDisabled(webhook_id=webhook_id, reason=reason), now)


async def delete_webhook(tx: Tx, caller: Caller, tenant_id: TenantId, webhook_id: str, now: Micros) -> None:
    """Delete the webhook, with what waits for it. Raises NotFound, and what `access.require` does."""
    await get_webhook(tx, caller, Action.CHANGE_WEBHOOKS, tenant_id, webhook_id, now)
    if not await _delete(tx, caller, tenant_id, webhook_id, now):
        raise NotFound("webhook")


async def delete_webhooks_of_group(tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, now: Micros) -> None:
    """Delete the webhooks of a group that was deleted. The caller has been checked."""
    for webhook in await webhooks.list_of_object(tx, tenant_id, ObjectType.GROUP, group_id):
        await _delete(tx, caller, tenant_id, webhook.id, now)


async def _delete(tx: Tx, caller: Caller, tenant_id: TenantId, webhook_id: str, now: Micros) -> bool:
    if not await webhooks.mark_deleted(tx, tenant_id, webhook_id, now):
        return False
    await _give_up(tx, tenant_id, webhook_id, "the webhook was deleted")
    await record(tx, tenant_id, caller, events.WebhookDeleted(webhook_id=webhook_id), now)
    return True


async def _give_up(tx: Tx, tenant_id: TenantId, webhook_id: str, why: str) -> None:
    """Give up what waits for the webhook; of a long queue only the beginning: the sender, which is woken for it, does
    the rest.
    """
    waiting = await webhook_deliveries.list_waiting(tx, tenant_id, webhook_id, GIVEN_UP_AT_ONCE)
    await webhook_deliveries.give_up(tx, tenant_id, waiting, why)
    note(tenant_id, webhook_id)


async def send_test(tx: Tx, caller: Caller, tenant_id: TenantId, webhook_id: str, now: Micros) -> None:
    """Enqueue a test event. Raises NotFound, what `access.require` does, FailedPrecondition."""
    webhook = await get_webhook(tx, caller, Action.CHANGE_WEBHOOKS, tenant_id, webhook_id, now)
    require_live(webhook, now)
    object_type = "Group" if webhook.object_type == ObjectType.GROUP else "Tenant"
    await enqueue_test(tx, tenant_id, caller, webhook, object_type, now)
    await record(tx, tenant_id, caller, events.WebhookTested(webhook_id=webhook_id), now)


def require_live(webhook: Webhook, now: Micros) -> None:
    """Raise FailedPrecondition when nothing is sent to the webhook."""
    if webhook.disabled_at is not None:
        raise FailedPrecondition("The webhook is disabled. Enable it first.")
    if not is_live(webhook, now):
        raise FailedPrecondition("The webhook has ended. Register another one.")


def is_live(webhook: Webhook, now: Micros) -> bool:
    """Whether events are sent to it."""
    return webhook.disabled_at is None and webhook.expires_at > now and not webhook.connector_ended


def _end(expires_at: Micros, now: Micros) -> Micros:
    """When the webhook ends: at most LONGEST_VALIDITY from now. Raises InvalidValue for a moment that has passed."""
    if expires_at <= now:
        raise InvalidValue("The end of the validity (milliseconds since 1970) must be in the future.", field="validity")
    return min(expires_at, now + LONGEST_VALIDITY)


def _host(url: str) -> str:
    """The host of the address, for the trail: path and query may be a secret in themselves."""
    return url.partition("://")[2].partition("/")[0].partition("?")[0]
