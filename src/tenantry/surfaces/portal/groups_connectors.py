"""A group's connectors: who holds a token for it, and Add Connector (Kaizala contract §2.3, group-level token)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.connectors.connectors import get_connector
from tenantry.connectors.granting import TokenReach, grant_group_token, preview_group_token
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY
from tenantry.core.ids import ConnectorId, GroupId
from tenantry.store import connector_lists, grant_lists
from tenantry.surfaces.portal.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame import render
from tenantry.surfaces.portal.guard import Session, SignedIn
from tenantry.surfaces.portal.texts import gettext as _
from tenantry.surfaces.portal.tokens import show_token
from tenantry.surfaces.portal.words import reach_text
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs
from tenantry.tokens.grants import NewGrant

TOKENS_SHOWN = 100
CHOICES = 200

router = APIRouter()


@router.get("/groups/{group_id}/connectors")
@performs(Action.GRANT_CONNECTOR_GROUP)
async def show_group_connectors(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """For who administers the group."""
    return await _show(request, session, group_id, draft_of(request))


@router.post("/groups/{group_id}/connectors")
@performs(Action.GRANT_CONNECTOR_GROUP)
async def add_connector(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """A refresh token for this group and what is below it; shown once. Ends the earlier one of the same connector."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    chosen = ConnectorId(form.text("connector_id", required=True, max_length=64))
    back = f"/groups/{group_id}/connectors"
    granted: NewGrant | None = None
    if not form.errors:
        with form.showing_errors(connector="connector_id"):
            async with once(request, session, form, back=back, again=f"{back}#add") as (tx, now):
                granted = await grant_group_token(
                    tx,
                    session.caller,
                    deps.hasher,
                    tenant_id=session.here,
                    connector_id=chosen,
                    group_id=group_id,
                    lifetime=deps.settings.refresh_token_days * DAY,
                    now=now,
                )
    if granted is None:
        return await _show(request, session, group_id, form)
    async with deps.store.read() as read:
        groups = await preview_group_token(read, session.caller, session.here, group_id, now)
        connector = await get_connector(read, session.here, chosen)
    reached = TokenReach(connector, Reach.GROUP, groups, groups[0].of_all, None)
    return show_token(request, granted, reached, reach_text(Reach.GROUP, groups[0].name), back=back)


async def _show(request: Request, session: Session, group_id: GroupId, form: Form) -> Response:
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        groups = await preview_group_token(read, session.caller, session.here, group_id, now)
        tokens = await grant_lists.list_live_of_group(read, session.here, group_id, now, limit=TOKENS_SHOWN)
        choices = await connector_lists.list_grantable(read, session.here, CHOICES)
    return render(
        request,
        "group_connectors.html",
        form=form,
        group=groups[0],
        below=groups[1:],
        tokens=tokens,
        choices=[("", _("Choose a connector")), *choices],
        until=now + deps.settings.refresh_token_days * DAY,
    )
