"""The connectors that hold a token for a group, and *Add Connector*, which makes such a token (Kaizala contract
§2.3).
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.connectors.connector_views import look_at_group_connectors
from tenantry.connectors.granting import grant_group_token, preview_group_token
from tenantry.core.ids import ConnectorId, GroupId
from tenantry.surfaces.portal.connectors.token_terms import lifetimes, read_terms
from tenantry.surfaces.portal.connectors.tokens import show_token
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import render
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.words import explained, reach_text, registrant_text
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/groups/{group_id}/connectors")
@performs(Action.GRANT_CONNECTOR_GROUP)
async def show_group_connectors(
    request: Request, session: SignedIn, group_id: GroupId, connector_id: str = ""
) -> Response:
    """List the connectors to whoever administers the group. With `connector_id`, ask which permissions that one's token
    shall have and how long it shall last.
    """
    return await _show(request, session, group_id, draft_of(request), connector_id)


@router.post("/groups/{group_id}/connectors")
@performs(Action.GRANT_CONNECTOR_GROUP)
async def add_connector(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Make a refresh token for this group and those below it, and show it this once. The connector's earlier token for
    the group ends.
    """
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    chosen = ConnectorId(form.text("connector_id", required=True, max_length=64))
    back = f"/groups/{group_id}/connectors"
    terms, granted = read_terms(form, deps.settings.refresh_token_days), None
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
                    permissions=terms.permissions,
                    lifetime=terms.lifetime,
                    now=now,
                )
    if granted is None:
        return await _show(request, session, group_id, form, chosen)
    async with deps.store.read() as read:
        reached = await preview_group_token(read, session.caller, session.here, chosen, group_id, now)
    reach = reach_text(reached.reach, reached.groups[0].name)
    return show_token(request, granted, reached, terms.permissions, reach, back=back)


async def _show(request: Request, session: Session, group_id: GroupId, form: Form, connector_id: str = "") -> Response:
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        seen = await look_at_group_connectors(
            read,
            session.caller,
            session.here,
            group_id,
            chosen_id=ConnectorId(connector_id) if connector_id else None,
            now=now,
        )
    chosen = seen.chosen
    return render(
        request,
        "groups/group_connectors.html",
        form=form,
        group=seen.groups[0],
        below=seen.groups[1:],
        tokens=seen.tokens,
        choices=[("", _("Choose a connector")), *seen.choices],
        chosen=chosen,
        permissions=explained(chosen.permissions.split()) if chosen else [],
        lifetimes=lifetimes(deps.settings.refresh_token_days, now),
        registrant=registrant_text(chosen, seen.registrant) if chosen else "",
    )
