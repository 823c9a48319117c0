"""The list of webhooks; the registration of one; one webhook with the events that it was sent. Source: Kaizala contract
§3.12.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action, GroupRole
from tenantry.access.decide import decide, require
from tenantry.core.clock import MINUTE, Micros
from tenantry.core.ids import GroupId, parse_guid
from tenantry.directory.group_lists import get_group_facts, search_groups
from tenantry.directory.webhook_views import look_at_webhook
from tenantry.outbox.callback_tokens import is_token_readable
from tenantry.outbox.changes import NEVER_SENT, TEST, EventType
from tenantry.outbox.handshake import MAX_URL, prove
from tenantry.outbox.webhooks import (
    MAX_CONTEXT,
    MAX_TOKEN,
    ObjectType,
    Subject,
    Wishes,
    is_live,
    register_webhook,
    require_over,
    search_webhooks,
)
from tenantry.store.engine.interface import Read
from tenantry.store.outbox.webhook_deliveries import Delivery
from tenantry.surfaces.portal.frame.forms import Form, ask_again, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.lists import address
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

PAGE = 50
CHOICES = 200
HANDSHAKES_PER_MINUTE = 20
WHOLE_TENANT = "tenant"

router = APIRouter()


def event_words() -> dict[str, str]:
    """What each event means, in the visitor's language."""
    return {
        EventType.MEMBER_ADDED: _("Somebody comes into the group, or is restored"),
        EventType.MEMBER_REMOVED: _("Somebody leaves the group, or is deleted"),
        EventType.GROUP_ADDED: _("A group becomes a sub-group of it"),
        EventType.GROUP_REMOVED: _("A sub-group is taken away from it, or is deleted"),
        TEST: _("A test that somebody asked for"),
    }


def delivery_state(delivery: Delivery) -> tuple[str, str]:
    """How a delivery stands, for `ui.state`: the kind of mark, and its words."""
    if delivery.delivered_at is not None:
        return "good", _("delivered")
    if delivery.due_at is None:
        return "bad", _("not delivered")
    return ("wait", _("will be tried again")) if delivery.attempts else ("wait", _("on its way"))


@router.get("/webhooks")
@performs(Action.LIST_WEBHOOKS)
async def list_webhooks(
    request: Request, session: SignedIn, group_id: str = "", after: str = "", at: str = ""
) -> Response:
    """List the webhooks of the groups that the user administers, or of the one group that the address names; all
    webhooks of the tenant to whoever may see them.

    Queries: those of the session, and at most 7, whatever the list holds.
    """
    caller, here = session.caller, session.here
    chosen = GroupId(group_id) if group_id and is_clean(group_id) else None
    before = (int(at), after) if at.isdecimal() and len(at) < 18 and is_clean(after) else None
    async with reading(request) as (read, now):
        found = await search_webhooks(read, caller, here, group_id=chosen, before=before, limit=PAGE + 1, now=now)
        group = None if chosen is None else await get_group_facts(read, caller, here, chosen, Action.READ_WEBHOOKS, now)
        may_add = chosen is not None or bool(await _choices(read, request, session, None, now))
    last = found[PAGE - 1] if len(found) > PAGE else None
    return render(
        request,
        "webhooks/webhooks.html",
        webhooks=found[:PAGE],
        group=group,
        may_add=may_add,
        first=address("/webhooks", group_id=group_id) if before else "",
        next=address("/webhooks", group_id=group_id, at=str(last.created_at), after=last.id) if last else "",
    )


@router.get("/webhooks/new")
@performs(Action.CHANGE_WEBHOOKS)
async def show_new(request: Request, session: SignedIn, group_id: str = "") -> Response:
    """Show the form for a new webhook to admins of a group. `group_id` is the group that the form has chosen
    already.
    """
    return await _new_page(request, session, draft_of(request), group_id if is_clean(group_id) else "")


@router.post("/webhooks/new")
@performs(Action.CHANGE_WEBHOOKS)
async def register(request: Request, session: SignedIn) -> Response:
    """Ask the receiver for its validation token, and then save the webhook."""
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    form = await read_form(request)
    chosen = form.text("object", required=True, max_length=64)
    url = form.text("callback_url", required=True, max_length=MAX_URL)
    token = form.text("callback_token", max_length=MAX_TOKEN)
    context = form.text("context", max_length=MAX_CONTEXT, several_lines=True)
    event_types = form.texts("event_types")
    if not event_types or not set(event_types) <= set(EventType):
        form.fail("event_types", _("Choose at least one event."))
    subject = Subject(ObjectType.GROUP, parse_guid(chosen) or chosen)
    if chosen == WHOLE_TENANT:
        subject = Subject(ObjectType.TENANT, here)
    webhook_id = ""
    if not form.errors:
        async with deps.store.read() as read:
            await require_over(read, caller, Action.CHANGE_WEBHOOKS, here, subject, now)
        names = {"callBackUrl": "callback_url", "callBackToken": "callback_token", "callBackContext": "context"}
        with form.showing_errors(eventTypes="event_types", **names):
            wishes = Wishes(event_types=event_types, callback_token=token or None, context=context or None)
            deps.limits.hit("webhook handshake", session.user_id, limit=HANDSHAKES_PER_MINUTE, window=MINUTE)
            proven = await prove(deps.http, url, wishes.callback_token, tenant_id=here)
            async with once(request, session, form, back="/webhooks") as (tx, now):
                webhook_id = await register_webhook(tx, deps.master_key, caller, here, subject, proven, wishes, now)
    if not webhook_id:
        ask_again(form, "callback_token")
        return await _new_page(request, session, form, chosen)
    return see_other(f"/webhooks/{webhook_id}")


async def _new_page(request: Request, session: Session, form: Form, chosen: str) -> Response:
    caller, here = session.caller, session.here
    async with reading(request) as (read, now):
        choices = await _choices(read, request, session, chosen, now)
        if not choices:
            await require(read, caller, Action.CHANGE_WEBHOOKS, here, now=now)
    events = [(name, words) for name, words in event_words().items() if name != TEST]
    return render(request, "webhooks/webhook_form.html", form=form, choices=choices, chosen=chosen, events=events)


async def _choices(
    read: Read, request: Request, session: Session, chosen: str | None, now: Micros
) -> list[tuple[str, str]]:
    """What the user may register a webhook for: at most CHOICES groups, by name, and the chosen one in any case. Raises
    NotFound for a chosen group that does not exist.
    """
    caller, here = session.caller, session.here
    of_tenant = (await decide(read, caller, Action.CHANGE_TENANT_WEBHOOKS, here, now=now)).allowed
    everyones = (await decide(read, caller, Action.CHANGE_WEBHOOKS, here, now=now)).allowed
    page = await search_groups(read, caller, here, text="", everyones=everyones, after=None, limit=CHOICES, now=now)
    found = {group.id: group.name for group in page.groups if everyones or group.own_role == GroupRole.ADMIN}
    if chosen and chosen != WHOLE_TENANT and chosen not in found:
        group = await get_group_facts(read, caller, here, GroupId(chosen), Action.CHANGE_WEBHOOKS, now)
        found[group.id] = group.name
    whole = [(WHOLE_TENANT, _("The whole organisation: every group"))] if of_tenant else []
    return [*whole, *found.items()]


@router.get("/webhooks/{webhook_id}")
@performs(Action.READ_WEBHOOKS)
async def show_webhook(request: Request, session: SignedIn, webhook_id: str, before: str = "") -> Response:
    """Show the webhook with its latest events, or with those before the event `before`."""
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    async with deps.store.read() as read:
        position = before if is_clean(before) else ""
        seen = await look_at_webhook(read, caller, here, webhook_id, before=position, limit=PAGE + 1, now=now)
    webhook, found = seen.webhook, seen.deliveries
    path = f"/webhooks/{webhook_id}"
    return render(
        request,
        "webhooks/webhook.html",
        webhook=webhook,
        is_live=is_live(webhook, now),
        is_token_readable=is_token_readable(deps.master_key, here, webhook),
        group=seen.group,
        registered_by=seen.registered_by,
        is_of_user=webhook.created_by.startswith("user:"),
        deliveries=found[:PAGE],
        first=path if before else "",
        next=address(path, before=found[PAGE - 1].id) if len(found) > PAGE else "",
        events=[(name, words) for name, words in event_words().items() if name in webhook.event_types.split()],
        never_sent=[name for name in NEVER_SENT if name in webhook.event_types.split()],
        delivery_state=delivery_state,
    )
