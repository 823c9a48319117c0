"""An administrator gives a connector directory roles of its own, and takes them away, as with a user; see
directory/connector_roles.py.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action, RoleId
from tenantry.access.decide import require
from tenantry.connectors.connectors import get_connector
from tenantry.core.errors import NotFound
from tenantry.core.ids import ConnectorId
from tenantry.directory.connector_roles import give_connector_role, list_connector_roles, take_connector_role
from tenantry.store.connectors.connectors import Connector
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.portal.users.user_roles import read_role, role_page
from tenantry.surfaces.portal.words.role_words import role_name, role_texts
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/connectors/{connector_id}/roles")
@performs(Action.ASSIGN_ROLE)
async def show_roles(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Show every role that the visitor may give, with what it allows."""
    return await _roles_page(request, session, connector_id, draft_of(request))


@router.post("/connectors/{connector_id}/roles")
@performs(Action.ASSIGN_ROLE)
async def give_role(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Give the connector the role that was chosen. For a role that it holds already, this moves the day on which it
    ends.
    """
    form = await read_form(request)
    role_id, expires_at = read_role(form)
    if role_id is not None and not form.errors:
        with form.showing_errors():
            async with writing(request) as (tx, now):
                await give_connector_role(tx, session.caller, session.here, connector_id, role_id, expires_at, now)
            return see_other(f"/connectors/{connector_id}#roles")
    return await _roles_page(request, session, connector_id, form)


async def _roles_page(request: Request, session: Session, connector_id: ConnectorId, form: Form) -> Response:
    connector, held = await _look(request, session, connector_id)
    return role_page(request, session, form, holder=connector.name, back=f"/connectors/{connector_id}", held=held)


@router.get("/connectors/{connector_id}/roles/{role_id}/remove")
@performs(Action.ASSIGN_ROLE)
async def ask_take_role(request: Request, session: SignedIn, connector_id: ConnectorId, role_id: str) -> Response:
    """Show what the connector can no longer do without the role, before it is taken away."""
    connector, held = await _look(request, session, connector_id)
    if role_id not in held:
        raise NotFound("role assignment")
    lost = next((role.covers for role in role_texts() if role.id == role_id), "")
    return ask(
        request,
        title=_("Take %(role)s from %(name)s") % {"role": role_name(role_id), "name": connector.name},
        consequences=[
            _("From now on this is refused to the app when it acts without a user:") + f" {lost}",
            _("What it does in the name of users goes on, by their roles."),
        ],
        confirm=_("Take the role away"),
        back=f"/connectors/{connector_id}",
    )


@router.post("/connectors/{connector_id}/roles/{role_id}/remove")
@performs(Action.ASSIGN_ROLE)
async def take_role(request: Request, session: SignedIn, connector_id: ConnectorId, role_id: str) -> Response:
    """Take the role from the connector, and lead back to its page."""
    form, back = await read_form(request), f"/connectors/{connector_id}"
    if role_id not in set(RoleId):
        raise NotFound("role assignment")
    async with once(request, session, form, back=back) as (tx, now):
        await take_connector_role(tx, session.caller, session.here, connector_id, RoleId(role_id), now)
    return see_other(f"{back}#roles")


async def _look(request: Request, session: Session, connector_id: ConnectorId) -> tuple[Connector, set[str]]:
    """The connector, and the ids of the roles that it holds. Raises what `access.require` does; NotFound for a public
    connector, which can hold none.
    """
    async with reading(request) as (read, now):
        await require(read, session.caller, Action.ASSIGN_ROLE, session.here, now=now)
        connector = await get_connector(read, session.caller, session.here, connector_id, now)
        if connector.kind == "public":
            raise NotFound("connector", _("A public app has no secret to authenticate with, so it holds no role."))
        held = await list_connector_roles(read, session.caller, session.here, connector_id, now)
    return connector, {role.role_id for role in held}
