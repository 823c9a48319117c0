"""Webhooks of groups. Source: Kaizala contract 3.12 (W1-W4), §6 #18 and #23."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.caller import Caller
from tenantry.core.clock import MILLISECOND, MINUTE, Micros, to_millis
from tenantry.core.errors import InvalidValue, NotFound
from tenantry.core.ids import TenantId
from tenantry.outbox import webhooks
from tenantry.outbox.callback_tokens import is_token_readable, token_of
from tenantry.outbox.changes import NEVER_SENT, EventType
from tenantry.outbox.handshake import MAX_URL, ProvenUrl, prove
from tenantry.outbox.webhooks import ObjectType, Subject, Wishes
from tenantry.store.outbox.webhooks import Webhook
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.callers import caller_of
from tenantry.surfaces.shared.body import Fields
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()

_DONE = {"result": True}
HANDSHAKES_PER_MINUTE = 20
"""Of one tenant: each may hold one of the few outgoing connections for seconds."""
_MILLISECONDS_FROM = 100_000_000_000
"""Smaller numbers are seconds: this one is the year 1973 in the one unit and 5138 in the other."""


@router.post("/kaizala/v1/webhook")
@performs(Action.CHANGE_WEBHOOKS)
async def register_webhook(request: Request) -> Response:
    """W1. The receiver is asked for its validation token before anything is written."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    fields = await wire.read_fields(request)
    subject = _read_subject(fields.text("objectType", max_length=64), fields.text("objectId", max_length=256))
    async with deps.store.read() as read:
        await webhooks.require_over(read, caller, Action.CHANGE_WEBHOOKS, tenant_id, subject, deps.clock())
    if not wire.read_list(fields, "eventTypes"):
        raise InvalidValue("eventTypes is required.", field="eventTypes")
    wishes = _read_wishes(fields)
    raw_url = fields.text("callBackUrl", required=True, max_length=MAX_URL)
    url = await _prove(deps, tenant_id, raw_url, wishes.callback_token)
    async with deps.store.write() as tx:
        webhook_id = await webhooks.register_webhook(
            tx, deps.master_key, caller, tenant_id, subject, url, wishes, deps.clock()
        )
    return wire.answer({"webhookId": webhook_id})


@router.get("/kaizala/v1/webhook")
@performs(Action.READ_WEBHOOKS)
async def list_webhooks(request: Request) -> Response:
    """W2. Both spellings of the keys that the sources spell differently."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    query = {name.lower(): value for name, value in request.query_params.multi_items()}
    subject = _read_subject(query.get("objecttype"), query.get("objectid"))
    now = deps.clock()
    async with deps.store.read() as read:
        found = await webhooks.list_webhooks(read, caller, tenant_id, subject, now)
    return wire.answer({"webhooks": [_shown(deps, caller, tenant_id, webhook, now) for webhook in found]})


@router.put("/kaizala/v1/webhook/{webhook_id}")
@performs(Action.CHANGE_WEBHOOKS)
async def update_webhook(request: Request, webhook_id: str) -> Response:
    """W3. A new address, or one whose webhook is to go on, is asked for its validation token as in W1.

    Departs: a webhook stays with its object.
    """
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    fields = await wire.read_fields(request)
    webhook = await _find(deps, caller, tenant_id, webhook_id)
    if fields.get("objectId") is not None or fields.get("objectType") is not None:
        subject = _read_subject(fields.text("objectType") or "Group", fields.text("objectId") or webhook.object_id)
        if subject != webhooks.subject_of(webhook):
            raise InvalidValue("A webhook stays with its object. Register another one.", field="objectId")
    active = fields.flag("Active")
    wishes = _read_wishes(fields)
    raw_url = fields.text("callBackUrl", max_length=MAX_URL)
    if raw_url is None and active and webhook.disabled_at is not None:
        raw_url = webhook.callback_url
    url = None
    if raw_url is not None:
        token = wishes.callback_token
        if token is None and raw_url == webhook.callback_url:
            token = token_of(deps.master_key, tenant_id, webhook)
        url = await _prove(deps, tenant_id, raw_url, token)
    async with deps.store.write() as tx:
        await webhooks.update_webhook(
            tx,
            deps.master_key,
            caller,
            tenant_id,
            webhook.id,
            wishes,
            deps.clock(),
            callback_url=url,
            active=active,
        )
    return wire.answer(_DONE)


@router.delete("/kaizala/v1/webhook/{webhook_id}")
@performs(Action.CHANGE_WEBHOOKS)
async def delete_webhook(request: Request, webhook_id: str) -> Response:
    """W4."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    webhook = await _find(deps, caller, tenant_id, webhook_id)
    async with deps.store.write() as tx:
        await webhooks.delete_webhook(tx, caller, tenant_id, webhook.id, deps.clock())
    return wire.answer(_DONE)


async def _prove(deps: Deps, tenant_id: TenantId, raw_url: str, token: str | None) -> ProvenUrl:
    """Raises InvalidValue, RateLimited."""
    deps.limits.hit("kaizala webhook handshake", tenant_id, limit=HANDSHAKES_PER_MINUTE, window=MINUTE)
    return await prove(deps.http, raw_url, token, tenant_id=tenant_id)


async def _find(deps: Deps, caller: Caller, tenant_id: TenantId, raw_id: str) -> Webhook:
    """Raises NotFound, Forbidden. Those of the organisation are not for connectors."""
    webhook_id = wire.parse_id(raw_id)
    if webhook_id is None:
        raise NotFound("webhook")
    async with deps.store.read() as read:
        return await webhooks.get_webhook(read, caller, Action.CHANGE_WEBHOOKS, tenant_id, webhook_id, deps.clock())


def _read_subject(object_type: str | None, object_id: str | None) -> Subject:
    """Groups only. Raises InvalidValue, NotFound("group")."""
    if not object_type or not object_id:
        raise InvalidValue("objectId and objectType are required.", field="objectId" if object_type else "objectType")
    if object_type.strip().lower() != "group":
        raise InvalidValue("objectType must be Group: this server has events of groups only.", field="objectType")
    return Subject(ObjectType.GROUP, wire.read_group_id(object_id))


def _read_wishes(fields: Fields) -> Wishes:
    """Names of events in any letter case. Raises InvalidValue."""
    known = {name.lower(): str(name) for name in (*EventType, *NEVER_SENT)}
    wanted = tuple(known.get(name.lower(), name) for name in wire.read_list(fields, "eventTypes"))
    return Wishes(
        event_types=None if fields.get("eventTypes") is None else wanted,
        callback_token=fields.text("callBackToken", max_length=webhooks.MAX_TOKEN),
        context=fields.text("callBackContext", max_length=webhooks.MAX_CONTEXT),
        expires_at=_read_validity(fields),
    )


def _read_validity(fields: Fields) -> Micros | None:
    """Milliseconds since 1970, also as text; seconds too."""
    if fields.get("validity") in (None, ""):
        return None
    moment = fields.whole("validity", required=True, low=1, high=2**53)
    return moment * MILLISECOND if moment >= _MILLISECONDS_FROM else moment * 1000 * MILLISECOND


def _shown(deps: Deps, caller: Caller, tenant_id: TenantId, webhook: Webhook, now: Micros) -> dict[str, Any]:
    """Departs: the token is shown to the connector that gave it, to others it is empty."""
    is_own = webhook.connector_id is not None and webhook.connector_id == caller.connector_id
    is_shown = is_own and is_token_readable(deps.master_key, tenant_id, webhook)
    token = token_of(deps.master_key, tenant_id, webhook) if is_shown else None
    return {
        "id": webhook.id,
        "objectId": webhook.object_id,
        "objectType": "Group",
        "events": webhook.event_types.split(),
        "filters": [],
        "callbackUrl": webhook.callback_url,
        "callBackUrl": webhook.callback_url,
        "callbackToken": token or "",
        "callBackToken": token or "",
        "callbackContext": webhook.context or "",
        "callBackContext": webhook.context or "",
        "ts": to_millis(webhook.created_at),
        "validity": to_millis(webhook.expires_at),
        "active": webhooks.is_live(webhook, now),
    }
