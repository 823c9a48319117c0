"""What an administrator does with a webhook: sends it a test event, disables it and enables it, deletes it, and sends
one of its events once more.
"""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.core.clock import MINUTE
from tenantry.directory.webhook_views import look_at_delivery
from tenantry.outbox.callback_tokens import token_of
from tenantry.outbox.deliveries import send_again
from tenantry.outbox.handshake import prove
from tenantry.outbox.webhooks import (
    Wishes,
    delete_webhook,
    get_webhook,
    is_live,
    send_test,
    update_webhook,
)
from tenantry.store.outbox.webhook_deliveries import Delivery
from tenantry.store.outbox.webhooks import Webhook
from tenantry.surfaces.portal.frame.forms import Form, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.webhooks.webhooks import HANDSHAKES_PER_MINUTE, delivery_state, event_words
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/webhooks/{webhook_id}/test")
@performs(Action.CHANGE_WEBHOOKS)
async def ask_test(request: Request, session: SignedIn, webhook_id: str) -> Response:
    """Show what the receiver will get, before a test event is sent."""
    webhook = await _look(request, session, webhook_id)
    return _ask_test(request, webhook, Form())


@router.post("/webhooks/{webhook_id}/test")
@performs(Action.CHANGE_WEBHOOKS)
async def test(request: Request, session: SignedIn, webhook_id: str) -> Response:
    """Put a test event into the outbox, and lead to the webhook's page, which shows what becomes of it."""
    form, back = await read_form(request), f"/webhooks/{webhook_id}"
    webhook = await _look(request, session, webhook_id)
    with form.showing_errors():
        _limit(request, session, "webhook test")
        async with once(request, session, form, back=back) as (tx, now):
            await send_test(tx, session.caller, session.here, webhook_id, now)
        return see_other(back)
    return _ask_test(request, webhook, form)


def _ask_test(request: Request, webhook: Webhook, form: Form) -> Response:
    return ask(
        request,
        title=_("Send a test event"),
        lead=webhook.callback_url,
        consequences=[
            _("The receiver gets one event of the type TestEvent, in the envelope of the others. It tells of nothing."),
            _("If the receiver does not answer well it is tried again like any event, and in the end disabled."),
        ],
        confirm=_("Send the test event"),
        undo=_("Nothing of the organisation changes."),
        back=f"/webhooks/{webhook.id}",
        form=form,
    )


@router.get("/webhooks/{webhook_id}/disable")
@performs(Action.CHANGE_WEBHOOKS)
async def ask_disable(request: Request, session: SignedIn, webhook_id: str) -> Response:
    """Show what the receiver no longer gets, before the webhook is disabled."""
    webhook = await _look(request, session, webhook_id)
    return ask(
        request,
        title=_("Disable this webhook?"),
        lead=webhook.callback_url,
        consequences=[
            _("Its receiver is told nothing more. What happens meanwhile is not told later either."),
            _("Events that wait to be sent are given up; you can send each again by hand."),
        ],
        confirm=_("Disable it"),
        undo=_("You can enable it again at any time."),
        back=f"/webhooks/{webhook.id}",
    )


@router.post("/webhooks/{webhook_id}/disable")
@performs(Action.CHANGE_WEBHOOKS)
async def disable(request: Request, session: SignedIn, webhook_id: str) -> Response:
    """Disable the webhook, and lead back to its page. Sent a second time, the form changes nothing."""
    await read_form(request)
    return await _set_active(request, session, webhook_id, active=False)


@router.get("/webhooks/{webhook_id}/enable")
@performs(Action.CHANGE_WEBHOOKS)
async def ask_enable(request: Request, session: SignedIn, webhook_id: str) -> Response:
    """Show what the receiver is asked for first, before the webhook is enabled."""
    webhook = await _look(request, session, webhook_id)
    return _ask_enable(request, webhook, Form())


@router.post("/webhooks/{webhook_id}/enable")
@performs(Action.CHANGE_WEBHOOKS)
async def enable(request: Request, session: SignedIn, webhook_id: str) -> Response:
    """Enable the webhook, when its receiver gives the validation token back."""
    deps = deps_of(request)
    form = await read_form(request)
    webhook = await _look(request, session, webhook_id)
    with form.showing_errors():
        _limit(request, session, "webhook handshake")
        token = token_of(deps.master_key, session.here, webhook)
        await prove(deps.http, webhook.callback_url, token, tenant_id=session.here)
        return await _set_active(request, session, webhook_id, active=True)
    return _ask_enable(request, webhook, form)


def _ask_enable(request: Request, webhook: Webhook, form: Form) -> Response:
    return ask(
        request,
        title=_("Enable this webhook?"),
        lead=webhook.callback_url,
        consequences=[
            _("Its receiver is asked first whether it is there: it has to give a validation token back."),
            _("Then it is told what happens from now on."),
        ],
        confirm=_("Enable it"),
        undo=_("You can disable it again at any time."),
        back=f"/webhooks/{webhook.id}",
        form=form,
    )


@router.get("/webhooks/{webhook_id}/delete")
@performs(Action.CHANGE_WEBHOOKS)
async def ask_delete(request: Request, session: SignedIn, webhook_id: str) -> Response:
    """Show what is lost, before the webhook is deleted."""
    webhook = await _look(request, session, webhook_id)
    return ask(
        request,
        title=_("Delete this webhook?"),
        lead=webhook.callback_url,
        consequences=[
            _("Its receiver is told nothing more, and its token is forgotten."),
            _("The list of what it was sent goes too."),
            _("This cannot be undone. To pause it instead, disable it."),
        ],
        confirm=_("Delete it"),
        back=f"/webhooks/{webhook.id}",
    )


@router.post("/webhooks/{webhook_id}/delete")
@performs(Action.CHANGE_WEBHOOKS)
async def delete(request: Request, session: SignedIn, webhook_id: str) -> Response:
    """Delete the webhook, and lead back to the list."""
    form = await read_form(request)
    async with once(request, session, form, back="/webhooks") as (tx, now):
        await delete_webhook(tx, session.caller, session.here, webhook_id, now)
    return see_other("/webhooks")


@router.get("/webhooks/{webhook_id}/events/{delivery_id}")
@performs(Action.READ_WEBHOOKS)
async def show_event(request: Request, session: SignedIn, webhook_id: str, delivery_id: str) -> Response:
    """Show one event: what the receiver got, and what it answered."""
    return await _event_page(request, session, webhook_id, delivery_id, Form())


@router.post("/webhooks/{webhook_id}/events/{delivery_id}")
@performs(Action.CHANGE_WEBHOOKS)
async def repeat_event(request: Request, session: SignedIn, webhook_id: str, delivery_id: str) -> Response:
    """Send the same event to the receiver once more."""
    form, back = await read_form(request), f"/webhooks/{webhook_id}"
    await _look(request, session, webhook_id)
    with form.showing_errors():
        _limit(request, session, "webhook test")
        async with once(request, session, form, back=back) as (tx, now):
            await send_again(tx, session.caller, session.here, webhook_id, delivery_id, now)
        return see_other(back)
    return await _event_page(request, session, webhook_id, delivery_id, form)


async def _event_page(request: Request, session: Session, webhook_id: str, delivery_id: str, form: Form) -> Response:
    caller, here = session.caller, session.here
    async with reading(request) as (read, now):
        webhook, delivery = await look_at_delivery(read, caller, here, webhook_id, delivery_id, now)
    return render(
        request,
        "webhooks/webhook_event.html",
        form=form,
        webhook=webhook,
        delivery=delivery,
        body=_indented(delivery),
        event_words=event_words(),
        delivery_state=delivery_state,
        may_repeat=delivery.due_at is None and is_live(webhook, now),
    )


def _indented(delivery: Delivery) -> str:
    return json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False)


async def _look(request: Request, session: Session, webhook_id: str) -> Webhook:
    """The webhook. Raises NotFound, and what `access.require` does."""
    async with reading(request) as (read, now):
        return await get_webhook(read, session.caller, Action.CHANGE_WEBHOOKS, session.here, webhook_id, now)


def _limit(request: Request, session: Session, name: str) -> None:
    """Count one action of the kind `name`, which makes this server call a receiver. Raises RateLimited."""
    deps_of(request).limits.hit(name, session.user_id, limit=HANDSHAKES_PER_MINUTE, window=MINUTE)


async def _set_active(request: Request, session: Session, webhook_id: str, *, active: bool) -> Response:
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    async with deps.store.write() as tx:
        await update_webhook(tx, deps.master_key, caller, here, webhook_id, Wishes(), now, active=active)
    return see_other(f"/webhooks/{webhook_id}")
