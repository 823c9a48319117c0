"""An administrator gives a webhook another token: one that the receiver has chosen anew, or the old one again after the
master key was changed.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.core.clock import MINUTE
from tenantry.outbox.handshake import prove
from tenantry.outbox.webhooks import MAX_TOKEN, Wishes, get_webhook, update_webhook
from tenantry.store.outbox.webhooks import Webhook
from tenantry.surfaces.portal.frame.forms import Form, ask_again, once, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.webhooks.webhooks import HANDSHAKES_PER_MINUTE
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/webhooks/{webhook_id}/token")
@performs(Action.CHANGE_WEBHOOKS)
async def ask_token(request: Request, session: SignedIn, webhook_id: str) -> Response:
    """Show a field for the new token. The present one is not shown."""
    return render(
        request, "webhooks/webhook_token.html", form=Form(), webhook=await _look(request, session, webhook_id)
    )


@router.post("/webhooks/{webhook_id}/token")
@performs(Action.CHANGE_WEBHOOKS)
async def change_token(request: Request, session: SignedIn, webhook_id: str) -> Response:
    """Keep the new token, when the receiver passes the handshake with it. With an empty field, the server sends no
    token from then on.
    """
    deps, back = deps_of(request), f"/webhooks/{webhook_id}"
    form = await read_form(request)
    webhook = await _look(request, session, webhook_id)
    token = form.text("callback_token", max_length=MAX_TOKEN)
    with form.showing_errors(callBackToken="callback_token"):
        wishes = Wishes(callback_token=token)
        deps.limits.hit("webhook handshake", session.user_id, limit=HANDSHAKES_PER_MINUTE, window=MINUTE)
        await prove(deps.http, webhook.callback_url, token, tenant_id=session.here)
        async with once(request, session, form, back=back) as (tx, now):
            await update_webhook(tx, deps.master_key, session.caller, session.here, webhook_id, wishes, now)
        return see_other(back)
    ask_again(form, "callback_token")
    return render(request, "webhooks/webhook_token.html", form=form, webhook=webhook)


async def _look(request: Request, session: Session, webhook_id: str) -> Webhook:
    """The webhook. Raises NotFound, and what `access.require` does."""
    async with reading(request) as (read, now):
        return await get_webhook(read, session.caller, Action.CHANGE_WEBHOOKS, session.here, webhook_id, now)
