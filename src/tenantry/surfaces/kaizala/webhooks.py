"""Webhooks of groups. Source: Kaizala contract §3.12 (W1-W4), §6 #18 and #23."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from tenantry.access.actions import Action
from tenantry.core.clock import MILLISECOND, MINUTE, Micros, to_millis
from tenantry.core.errors import InvalidValue
from tenantry.core.hiding import hiding
from tenantry.outbox import webhooks
from tenantry.outbox.callback_tokens import is_token_readable, token_of
from tenantry.outbox.changes import NEVER_SENT, EventType
from tenantry.outbox.handshake import MAX_URL, ProvenUrl, prove
from tenantry.outbox.webhooks import ObjectType, Subject, Wishes
from tenantry.store.outbox.webhooks import Webhook
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.coat import KAIZALA, ROOT, tenant_of
from tenantry.surfaces.operation import Ask, operations

HANDSHAKES_PER_MINUTE = 20
"""How many handshakes one tenant may cause a minute: each may hold one of the few outgoing connections for seconds."""
_MILLISECONDS_FROM = 100_000_000_000
"""Smaller numbers are seconds. This one is in the year 1973 as milliseconds, and in 5138 as seconds."""
_LONGEST_QUERY = 8192
_Moment = Annotated[int, Meta(ge=1, le=2**53)]

op = operations(KAIZALA, f"{ROOT}/webhook")


@hiding("call_back_token")
class NewWebhook(Struct, rename="camel", kw_only=True):
    """A webhook to register: of which group, for which events, at which address. `validity`: milliseconds since 1970,
    or seconds.
    """

    object_type: Annotated[str, Meta(max_length=64)] | None = None
    object_id: Annotated[str, Meta(max_length=256)] | None = None
    event_types: wire.Texts
    call_back_token: Annotated[str, Meta(max_length=webhooks.MAX_TOKEN)] | None = None
    call_back_context: Annotated[str, Meta(max_length=webhooks.MAX_CONTEXT)] | None = None
    validity: Annotated[_Moment | None, Meta(extra=wire.BLANK)] = None
    call_back_url: Annotated[str, Meta(max_length=MAX_URL)]


@hiding("call_back_token")
class WebhookChanges(Struct, rename="camel", kw_only=True):
    """What to change of a webhook; what is left out stays as it is. The object may be named, and must be that of the
    webhook.
    """

    object_type: str | None = None
    object_id: str | None = None
    active: bool | None = field(default=None, name="Active")
    event_types: wire.Texts | None = None
    call_back_token: Annotated[str, Meta(max_length=webhooks.MAX_TOKEN)] | None = None
    call_back_context: Annotated[str, Meta(max_length=webhooks.MAX_CONTEXT)] | None = None
    validity: Annotated[_Moment | None, Meta(extra=wire.BLANK)] = None
    call_back_url: Annotated[str, Meta(max_length=MAX_URL)] | None = None


class OfObject(Struct, rename="camel"):
    """The group whose webhooks are meant."""

    object_type: Annotated[str, Meta(max_length=_LONGEST_QUERY)] | None = None
    object_id: Annotated[str, Meta(max_length=_LONGEST_QUERY)] | None = None


class Registered(Struct, rename="camel"):
    """The id of the new webhook."""

    webhook_id: str


@hiding("callback_token", "call_back_token")
class ShownWebhook(Struct, rename="camel", kw_only=True):
    """A webhook. Keys that the sources spell in two ways come in both; times are milliseconds since 1970."""

    id: str
    object_id: str
    object_type: str = "Group"
    events: list[str]
    filters: list[str]
    callback_url: str
    call_back_url: str
    callback_token: str
    call_back_token: str
    callback_context: str
    call_back_context: str
    ts: int
    validity: int
    active: bool


class Webhooks(Struct):
    """All webhooks of one group."""

    webhooks: list[ShownWebhook]


@op("registerWebhook", "POST", "", Action.CHANGE_WEBHOOKS, source="Kaizala contract §3.12, W1")
async def register_webhook(ask: Ask, body: NewWebhook) -> Registered:
    """Register a webhook. Its receiver is asked for the validation token before anything is written."""
    deps, tenant_id = ask.deps, tenant_of(ask)
    subject = _read_subject(body.object_type, body.object_id)
    async with deps.store.read() as read:
        await webhooks.require_over(read, ask.caller, Action.CHANGE_WEBHOOKS, tenant_id, subject, ask.now)
    if not wire.read_texts(body.event_types):
        raise InvalidValue("eventTypes is required.", field="eventTypes")
    wishes = _read_wishes(body)
    url = await _prove(ask, body.call_back_url, wishes.callback_token)
    async with ask.writing() as tx:
        webhook_id = await webhooks.register_webhook(
            tx, deps.master_key, ask.caller, tenant_id, subject, url, wishes, deps.clock()
        )
    return Registered(webhook_id)


@op("listWebhooks", "GET", "", Action.READ_WEBHOOKS, source="Kaizala contract §3.12, W2")
async def list_webhooks(ask: Ask, query: OfObject) -> Webhooks:
    """List the webhooks of a group."""
    subject = _read_subject(query.object_type, query.object_id)
    async with ask.deps.store.read() as read:
        found = await webhooks.list_webhooks(read, ask.caller, tenant_of(ask), subject, ask.now)
    return Webhooks([_shown(ask, webhook) for webhook in found])


@op("updateWebhook", "PUT", "/{webhook_id}", Action.CHANGE_WEBHOOKS, source="Kaizala contract §3.12, W3")
async def update_webhook(ask: Ask, webhook_id: str, body: WebhookChanges) -> wire.Done:
    """Change a webhook, or make it active again. The receiver at a new address is asked for the validation token as in
    W1, and so is that of a webhook which becomes active again.

    Departs: a webhook stays with its object.
    """
    deps, tenant_id = ask.deps, tenant_of(ask)
    webhook = await _find(ask, webhook_id)
    if body.object_id is not None or body.object_type is not None:
        subject = _read_subject(body.object_type or "Group", body.object_id or webhook.object_id)
        if subject != webhooks.subject_of(webhook):
            raise InvalidValue("A webhook stays with its object. Register another one.", field="objectId")
    wishes, raw_url = _read_wishes(body), body.call_back_url
    if raw_url is None and body.active and webhook.disabled_at is not None:
        raw_url = webhook.callback_url
    url = None
    if raw_url is not None:
        token = wishes.callback_token
        if token is None and raw_url == webhook.callback_url:
            token = token_of(deps.master_key, tenant_id, webhook)
        url = await _prove(ask, raw_url, token)
    async with ask.writing() as tx:
        await webhooks.update_webhook(
            tx,
            deps.master_key,
            ask.caller,
            tenant_id,
            webhook.id,
            wishes,
            deps.clock(),
            callback_url=url,
            active=body.active,
        )
    return wire.Done()


@op("deleteWebhook", "DELETE", "/{webhook_id}", Action.CHANGE_WEBHOOKS, source="Kaizala contract §3.12, W4")
async def delete_webhook(ask: Ask, webhook_id: str) -> wire.Done:
    """Delete a webhook. What waits for it is not sent."""
    webhook = await _find(ask, webhook_id)
    async with ask.writing() as tx:
        await webhooks.delete_webhook(tx, ask.caller, tenant_of(ask), webhook.id, ask.now)
    return wire.Done()


async def _prove(ask: Ask, raw_url: str, token: str | None) -> ProvenUrl:
    """Ask the receiver for its validation token. Raises InvalidValue, RateLimited."""
    tenant_id = tenant_of(ask)
    ask.deps.limits.hit("kaizala webhook handshake", tenant_id, limit=HANDSHAKES_PER_MINUTE, window=MINUTE)
    return await prove(ask.deps.http, raw_url, token, tenant_id=tenant_id)


async def _find(ask: Ask, webhook_id: str) -> Webhook:
    """The webhook. Raises NotFound, Forbidden. Webhooks of the tenant are not for connectors."""
    async with ask.deps.store.read() as read:
        return await webhooks.get_webhook(read, ask.caller, Action.CHANGE_WEBHOOKS, tenant_of(ask), webhook_id, ask.now)


def _read_subject(object_type: str | None, object_id: str | None) -> Subject:
    """The group. Raises InvalidValue for another kind of object, NotFound("group")."""
    if not object_type or not object_id:
        raise InvalidValue("objectId and objectType are required.", field="objectId" if object_type else "objectType")
    if object_type.strip().lower() != "group":
        raise InvalidValue("objectType must be Group: this server has events of groups only.", field="objectType")
    return Subject(ObjectType.GROUP, wire.read_group_id(object_id))


def _read_wishes(body: NewWebhook | WebhookChanges) -> Wishes:
    """What the webhook is to be. Names of events come in any letter case. Raises InvalidValue."""
    known = {name.lower(): str(name) for name in (*EventType, *NEVER_SENT)}
    wanted = tuple(known.get(name.lower(), name) for name in wire.read_texts(body.event_types))
    return Wishes(
        event_types=None if body.event_types is None else wanted,
        callback_token=body.call_back_token,
        context=body.call_back_context,
        expires_at=None if body.validity is None else _moment(body.validity),
    )


def _moment(validity: int) -> Micros:
    return validity * MILLISECOND if validity >= _MILLISECONDS_FROM else validity * 1000 * MILLISECOND


def _shown(ask: Ask, webhook: Webhook) -> ShownWebhook:
    """The webhook in the wire's shape. Departs: its token is shown to the connector that gave it; for others it is
    empty.
    """
    master_key, tenant_id = ask.deps.master_key, tenant_of(ask)
    is_own = webhook.connector_id is not None and webhook.connector_id == ask.caller.connector_id
    is_shown = is_own and is_token_readable(master_key, tenant_id, webhook)
    token = (token_of(master_key, tenant_id, webhook) if is_shown else None) or ""
    context = webhook.context or ""
    return ShownWebhook(
        id=webhook.id,
        object_id=webhook.object_id,
        events=webhook.event_types.split(),
        filters=[],
        callback_url=webhook.callback_url,
        call_back_url=webhook.callback_url,
        callback_token=token,
        call_back_token=token,
        callback_context=context,
        call_back_context=context,
        ts=to_millis(webhook.created_at),
        validity=to_millis(webhook.expires_at),
        active=webhooks.is_live(webhook, ask.now),
    )
