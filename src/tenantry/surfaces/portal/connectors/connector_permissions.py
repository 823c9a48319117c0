"""The permissions of a connector: its owner changes them, and an administrator approves or declines the sensitive ones
that wait.
"""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action, Permission
from tenantry.connectors.ownership import require_change
from tenantry.connectors.permissions import (
    SENSITIVE,
    approve_permissions,
    change_permissions,
    decline_permissions,
    list_waiting,
    look_at_waiting,
    seen_of,
)
from tenantry.core.ids import ConnectorId
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.links import way_back
from tenantry.surfaces.portal.frame.lists import address
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.words import explained, permission_groups, permission_label, registrant_text
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.routing import performs

PAGE = 50

router = APIRouter()


def chosen_permissions(form: Form) -> list[Permission]:
    """The permissions that are ticked in the form."""
    return [permission for permission in Permission if permission in form.texts("permissions")]


def to_approve(session: Session) -> frozenset[Permission]:
    """The permissions that wait for an administrator when this user asks for them."""
    return frozenset() if session.may(Action.APPROVE_CONNECTOR) else SENSITIVE


@router.get("/connectors/{connector_id}/permissions")
@performs(Action.CHANGE_CONNECTOR)
async def show_permissions(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Show all permissions. Those that the connector has, and those that wait, are ticked."""
    return await _permissions_page(request, session, connector_id, draft_of(request))


@router.post("/connectors/{connector_id}/permissions")
@performs(Action.CHANGE_CONNECTOR)
async def save_permissions(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Ask for the permissions that are ticked. When the connector's permissions are no longer those that the page
    showed, the page refuses.
    """
    form, back = await read_form(request), way_back(session, f"/connectors/{connector_id}")
    wanted, seen = chosen_permissions(form), form.text("seen")
    with form.showing_errors():
        async with once(request, session, form, back=back) as (tx, now):
            await change_permissions(tx, session.caller, session.here, connector_id, wanted, seen=seen, now=now)
        return see_other(f"{back}#permissions")
    return await _permissions_page(request, session, connector_id, form)


async def _permissions_page(request: Request, session: Session, connector_id: ConnectorId, form: Form) -> Response:
    async with reading(request) as (read, now):
        connector = await require_change(read, session.caller, session.here, connector_id, now)
    seen = seen_of(connector)
    _drop_ticks(form, seen)
    has = {*connector.permissions.split(), *connector.waiting_permissions.split()}
    return render(
        request,
        "connectors/connector_change_permissions.html",
        form=form,
        connector=connector,
        seen=seen,
        groups=permission_groups(),
        ticked=has,
        to_approve=to_approve(session) - set(connector.permissions.split()),
    )


@router.get("/connectors/waiting")
@performs(Action.APPROVE_CONNECTOR)
async def show_waiting(request: Request, session: SignedIn, after: str = "", since: str = "") -> Response:
    """List the connectors for which permissions wait. Queries: those of the session, and 1."""
    position = (int(since), after) if since.isascii() and since.isdigit() and len(since) < 18 else (0, "")
    if not is_clean(after):
        position = (0, "")
    async with reading(request) as (read, now):
        found = await list_waiting(read, session.caller, session.here, after=position, limit=PAGE + 1, now=now)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return render(
        request,
        "connectors/connectors_waiting.html",
        connectors=found[:PAGE],
        first="/connectors/waiting" if position[0] else "",
        next=address("/connectors/waiting", since=str(last.waiting_since), after=last.id) if last else "",
        label=permission_label,
    )


@router.get("/connectors/{connector_id}/waiting")
@performs(Action.APPROVE_CONNECTOR)
async def ask_answer(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Show who asks since when, and what each permission that waits opens."""
    return await _waiting_page(request, session, connector_id, Form())


@router.post("/connectors/{connector_id}/waiting")
@performs(Action.APPROVE_CONNECTOR)
async def answer(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Approve or decline what the page showed. When something else waits by now, the page refuses."""
    form, back = await read_form(request), f"/connectors/{connector_id}"
    answers = {"approve": approve_permissions, "decline": decline_permissions}
    carry_out = answers.get(form.value("answer"))
    if carry_out is None:
        form.fail("", _("Approve or decline."))
        return await _waiting_page(request, session, connector_id, form)
    chosen, seen = chosen_permissions(form), form.text("seen")
    with form.showing_errors():
        async with once(request, session, form, back=back) as (tx, now):
            await carry_out(tx, session.caller, session.here, connector_id, chosen, seen=seen, now=now)
        return see_other(f"{back}#permissions")
    return await _waiting_page(request, session, connector_id, form)


async def _waiting_page(request: Request, session: Session, connector_id: ConnectorId, form: Form) -> Response:
    async with reading(request) as (read, now):
        asked = await look_at_waiting(read, session.caller, session.here, connector_id, now)
    connector, seen = asked.connector, seen_of(asked.connector)
    _drop_ticks(form, seen)
    return render(
        request,
        "connectors/connector_waiting.html",
        form=form,
        connector=connector,
        registrant=registrant_text(connector, asked.asker),
        is_gone=asked.is_gone,
        redirect_uris=json.loads(connector.redirect_uris),
        in_force=explained(connector.permissions.split()),
        waiting=explained(connector.waiting_permissions.split()),
        seen=seen,
    )


def _drop_ticks(form: Form, seen: str) -> None:
    """Untick everything when the form was sent from a page that showed other permissions: its ticks say nothing about
    those that this page shows.
    """
    if form.value("seen") != seen:
        form.values.pop("permissions", None)
