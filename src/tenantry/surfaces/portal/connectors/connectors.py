"""The list of connectors; the registration of one, in two steps; one connector with its secrets and tokens.

Source: "Generate tenant-level user token", step 1; Kaizala contract §2.1.
"""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.connectors.connector_views import TOKENS_SHOWN, look_at_connector, search_connectors
from tenantry.connectors.connectors import NewConnector, read_details, register_connector
from tenantry.connectors.secrets import MOST_LIVE
from tenantry.core.ids import ConnectorId
from tenantry.surfaces.portal.connectors.connector_permissions import chosen_permissions, to_approve
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import render
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.handover import env_file
from tenantry.surfaces.portal.frame.lists import address, like, searched
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.role_words import role_name
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.words import explained, permission_groups, permission_label, reach_text
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

PAGE = 50

router = APIRouter()


@router.get("/connectors")
@performs(Action.LIST_CONNECTORS)
async def list_connectors(
    request: Request, session: SignedIn, show: str = "", q: str = "", after: str = "", after_name: str = ""
) -> Response:
    """List the user's own connectors, or the tenant's where `show` is "all" or the user has none.

    `show` is "mine" or "all" (Kaizala contract §2.1); `q` searches names.
    """
    query = searched(q)
    position = (after_name, after) if after and is_clean(after_name + after) else None
    async with reading(request) as (read, now):
        found = await search_connectors(
            read,
            session.caller,
            session.here,
            named_like=like(query),
            everyones=show == "all" if show else None,
            after=position,
            limit=PAGE,
            now=now,
        )
    shown = "all" if found.everyones else "mine"
    return render(
        request,
        "connectors/connectors.html",
        connectors=found.connectors,
        show=shown,
        q=query,
        first=address("/connectors", show=shown, q=query) if after else "",
        next=address("/connectors", show=shown, q=query, after_name=found.next[0], after=found.next[1])
        if found.next
        else "",
        label=permission_label,
    )


@router.get("/connectors/new")
@performs(Action.REGISTER_CONNECTOR)
async def show_new(request: Request, session: SignedIn) -> Response:
    """Show the first step of a registration: name and other details."""
    async with reading(request) as (read, now):
        await require(read, session.caller, Action.REGISTER_CONNECTOR, session.here, now=now)
    return render(request, "connectors/connector_details.html", form=draft_of(request))


@router.post("/connectors/new")
@performs(Action.REGISTER_CONNECTOR)
async def register(request: Request, session: SignedIn) -> Response:
    """Take the details to the page of permissions (*Continue*), or make the connector (*Create Connector*). The details
    travel in hidden fields of the second page.
    """
    deps = deps_of(request)
    form = await read_form(request)
    name = form.text("name", required=True, max_length=128)
    description = form.text("description", max_length=2048, several_lines=True)
    redirect_uris = form.lines("redirect_uris")
    with form.showing_errors():
        if not form.errors:
            read_details(name, description, redirect_uris)
    if form.errors or form.value("step") == "back":
        return render(request, "connectors/connector_details.html", form=form)
    chosen = chosen_permissions(form)
    if form.value("step") == "permissions" and not chosen:
        form.fail("permissions", _("Choose at least one permission. An app without any can do nothing."))
    if form.value("step") != "permissions" or form.errors:
        return _permissions_page(request, session, form)
    made: NewConnector | None = None
    now = deps.clock()
    with form.showing_errors():
        async with once(request, session, form, back="/connectors") as (tx, now):
            made = await register_connector(
                tx,
                session.caller,
                deps.hasher,
                tenant_id=session.here,
                name=name,
                description=description,
                permissions=chosen,
                redirect_uris=redirect_uris,
                kind="public" if form.value("kind") == "public" else "confidential",
                now=now,
            )
    if made is None:
        return _permissions_page(request, session, form)
    return render(
        request,
        "connectors/connector_created.html",
        name=name,
        connector_id=made.connector_id,
        secret=made.client_secret,
        waits=explained(made.waiting),
        rotated=False,
        env=env_file(
            name, url=deps.settings.issuer, connector_id=made.connector_id, connector_secret=made.client_secret
        ),
    )


def _permissions_page(request: Request, session: Session, form: Form) -> Response:
    return render(
        request,
        "connectors/connector_permissions.html",
        form=form,
        groups=permission_groups(),
        ticked=(),
        to_approve=to_approve(session),
    )


@router.get("/connectors/{connector_id}")
@performs(Action.READ_CONNECTOR)
async def show_connector(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Show one connector. Queries: those of the session, and 8, however many tokens there are."""
    async with reading(request) as (read, now):
        seen = await look_at_connector(read, session.caller, session.here, connector_id, now)
    return render(
        request,
        "connectors/connector.html",
        connector=seen.connector,
        owner=seen.owner,
        may_change=seen.may_change,
        secrets=seen.secrets,
        most_secrets=MOST_LIVE,
        keys=seen.keys,
        tokens=seen.tokens[:TOKENS_SHOWN],
        more_tokens=len(seen.tokens) > TOKENS_SHOWN,
        permissions=explained(seen.connector.permissions.split()),
        waiting=explained(seen.connector.waiting_permissions.split()),
        declined=explained(seen.connector.declined_permissions.split()),
        redirect_uris=json.loads(seen.connector.redirect_uris),
        roles=seen.roles,
        role_name=role_name,
        may_approve=session.may(Action.APPROVE_CONNECTOR),
        may_give_roles=session.may(Action.ASSIGN_ROLE) and seen.connector.kind != "public",
        reach_text=reach_text,
        form=Form(),
    )
