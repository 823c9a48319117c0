"""What changes a connector: its owner or an administrator makes another secret, ends a secret or a key, deactivates and
activates the connector, deletes it. Each asks once, on a page that says what will stop working.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.connectors.connector_views import count_tokens
from tenantry.connectors.connectors import activate_connector, deactivate_connector, delete_connector
from tenantry.connectors.ownership import require_change
from tenantry.connectors.secrets import NewSecret, add_secret, end_secret, list_secrets
from tenantry.connectors.service_accounts import list_service_account_keys, revoke_service_account_key
from tenantry.core.errors import NotFound
from tenantry.core.ids import ConnectorId
from tenantry.store.connectors.connectors import Connector
from tenantry.surfaces.portal.frame.forms import Form, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.handover import env_file
from tenantry.surfaces.portal.frame.links import way_back
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.texts import ngettext
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/connectors/{connector_id}/secrets/new")
@performs(Action.CHANGE_CONNECTOR)
async def ask_secret(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Show what happens to the old secret, before a second one is made."""
    return await _show_rotation(request, session, connector_id, Form())


@router.post("/connectors/{connector_id}/secrets/new")
@performs(Action.CHANGE_CONNECTOR)
async def make_secret(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Make a second secret beside the first, and show it this once."""
    deps, form = deps_of(request), await read_form(request)
    secret: NewSecret | None = None
    path = f"/connectors/{connector_id}"
    back = way_back(session, f"{path}#secrets")
    with form.showing_errors():
        async with once(request, session, form, back=back, again=f"{path}/secrets/new") as (tx, now):
            connector = await require_change(tx, session.caller, session.here, connector_id, now)
            secret = await add_secret(tx, session.caller, deps.hasher, session.here, connector_id, now=now)
    if secret is None:
        return await _show_rotation(request, session, connector_id, form)
    return render(
        request,
        "connectors/connector_created.html",
        name=connector.name,
        connector_id=connector_id,
        secret=secret.client_secret,
        waits=[],
        rotated=True,
        env=env_file(
            connector.name,
            url=deps.settings.issuer,
            connector_id=connector_id,
            connector_secret=secret.client_secret,
        ),
    )


async def _show_rotation(request: Request, session: Session, connector_id: ConnectorId, form: Form) -> Response:
    connector, _tokens = await _look(request, session, connector_id)
    return ask(
        request,
        title=_("Rotate the secret of %(name)s") % {"name": connector.name},
        lead=_("A new secret is made and shown once. The old one goes on until you end it."),
        consequences=[
            _("The app goes on with the old secret meanwhile: two live at once."),
            _("Give the app the new secret, see that it works, then end the old one here."),
        ],
        confirm=_("Make a new secret"),
        undo=_("Nothing stops working by this."),
        back=f"/connectors/{connector_id}",
        form=form,
    )


@router.get("/connectors/{connector_id}/secrets/{secret_id}/end")
@performs(Action.CHANGE_CONNECTOR)
async def ask_end_secret(request: Request, session: SignedIn, connector_id: ConnectorId, secret_id: str) -> Response:
    """Show what the connector is refused without the secret, before the secret ends."""
    async with reading(request) as (read, now):
        await require_change(read, session.caller, session.here, connector_id, now)
        live = await list_secrets(read, session.caller, session.here, connector_id, now)
    hint = next((secret.hint for secret in live if secret.id == secret_id), None)
    if hint is None:
        raise NotFound("secret")
    left = len(live) - 1
    consequences = [
        _("An app that still uses it gets no access tokens any more."),
        _("Access tokens it holds work until they expire."),
        _("The other secret goes on.") if left else _("It is the only one: no app can use this connector without it."),
    ]
    return ask(
        request,
        title=_("End the secret that ends in %(hint)s") % {"hint": hint},
        consequences=consequences,
        confirm=_("End this secret"),
        back=f"/connectors/{connector_id}",
    )


@router.post("/connectors/{connector_id}/secrets/{secret_id}/end")
@performs(Action.CHANGE_CONNECTOR)
async def end_one_secret(request: Request, session: SignedIn, connector_id: ConnectorId, secret_id: str) -> Response:
    """End the secret, which is refused from the commit on."""
    form, back = await read_form(request), way_back(session, f"/connectors/{connector_id}")
    async with once(request, session, form, back=back) as (tx, now):
        await end_secret(tx, session.caller, session.here, connector_id, secret_id, now)
    return see_other(back)


@router.get("/connectors/{connector_id}/keys/{key_id}/revoke")
@performs(Action.CHANGE_CONNECTOR)
async def ask_revoke_key(request: Request, session: SignedIn, connector_id: ConnectorId, key_id: str) -> Response:
    """Show what is refused to whoever holds the key file, before the key is revoked."""
    async with reading(request) as (read, now):
        await require_change(read, session.caller, session.here, connector_id, now)
        keys = await list_service_account_keys(read, session.caller, session.here, connector_id, now)
    live = [key.id for key in keys if key.revoked_at is None]
    if key_id not in live:
        raise NotFound("key")
    left = len(live) - 1
    return ask(
        request,
        title=_("Revoke the key %(id)s") % {"id": key_id},
        consequences=[
            _("Whoever has its key file, the app included, gets no access tokens any more."),
            _("Access tokens it has fetched work until they expire. To end those too, delete this connector."),
            ngettext("One other key goes on.", "%(count)d other keys go on.", left) % {"count": left}
            if left
            else _("It is the only one: the service account stops until the operator of this server makes another."),
            _("This cannot be undone."),
        ],
        confirm=_("Revoke this key"),
        back=f"/connectors/{connector_id}",
    )


@router.post("/connectors/{connector_id}/keys/{key_id}/revoke")
@performs(Action.CHANGE_CONNECTOR)
async def revoke_key(request: Request, session: SignedIn, connector_id: ConnectorId, key_id: str) -> Response:
    """Revoke the key, which is refused from the commit on."""
    form, back = await read_form(request), way_back(session, f"/connectors/{connector_id}")
    async with once(request, session, form, back=back) as (tx, now):
        await revoke_service_account_key(tx, session.caller, session.here, connector_id, key_id, now)
    return see_other(back)


@router.get("/connectors/{connector_id}/deactivate")
@performs(Action.CHANGE_CONNECTOR)
async def ask_deactivate(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Show that nobody can give the connector a new token while it is deactivated, and that the tokens it has go on."""
    connector, tokens = await _look(request, session, connector_id)
    return ask(
        request,
        title=_("Deactivate %(name)s") % {"name": connector.name},
        consequences=[
            _("Nobody can give it a new token."),
            ngettext(
                "%(count)d token goes on working. Revoke it to stop it.",
                "%(count)d tokens go on working. Revoke them to stop them.",
                tokens,
            )
            % {"count": tokens},
        ],
        confirm=_("Deactivate"),
        undo=_("You can activate it again at any time."),
        back=f"/connectors/{connector_id}",
    )


@router.post("/connectors/{connector_id}/deactivate")
@performs(Action.CHANGE_CONNECTOR)
async def deactivate(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Deactivate the connector, and lead back to its page."""
    form, back = await read_form(request), way_back(session, f"/connectors/{connector_id}")
    async with once(request, session, form, back=back) as (tx, now):
        await deactivate_connector(tx, session.caller, session.here, connector_id, now)
    return see_other(back)


@router.get("/connectors/{connector_id}/activate")
@performs(Action.CHANGE_CONNECTOR)
async def ask_activate(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Show that tokens can be given again, before the connector is activated."""
    connector, _tokens = await _look(request, session, connector_id)
    return ask(
        request,
        title=_("Activate %(name)s") % {"name": connector.name},
        consequences=[_("Users can give it tokens again.")],
        confirm=_("Activate"),
        undo=_("You can deactivate it at any time."),
        back=f"/connectors/{connector_id}",
    )


@router.post("/connectors/{connector_id}/activate")
@performs(Action.CHANGE_CONNECTOR)
async def activate(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Activate the connector, and lead back to its page."""
    form, back = await read_form(request), way_back(session, f"/connectors/{connector_id}")
    async with once(request, session, form, back=back) as (tx, now):
        await activate_connector(tx, session.caller, session.here, connector_id, now)
    return see_other(back)


@router.get("/connectors/{connector_id}/delete")
@performs(Action.CHANGE_CONNECTOR)
async def ask_delete(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Show that everything granted to the connector ends with it."""
    connector, tokens = await _look(request, session, connector_id)
    return ask(
        request,
        title=_("Delete %(name)s") % {"name": connector.name},
        consequences=[
            ngettext("%(count)d token stops working at once.", "%(count)d tokens stop working at once.", tokens)
            % {"count": tokens},
            _("Its ID and secrets are refused from then on."),
            _("This cannot be undone. To pause it instead, deactivate it."),
        ],
        confirm=_("Delete this connector"),
        back=f"/connectors/{connector_id}",
    )


@router.post("/connectors/{connector_id}/delete")
@performs(Action.CHANGE_CONNECTOR)
async def delete(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Delete the connector, and lead back to the list."""
    form, back = await read_form(request), way_back(session, "/connectors")
    async with once(request, session, form, back=back) as (tx, now):
        await delete_connector(tx, session.caller, session.here, connector_id, now)
    return see_other(back)


async def _look(request: Request, session: Session, connector_id: ConnectorId) -> tuple[Connector, int]:
    """The connector, and how many live tokens it has, counted up to a limit. Raises what `access.require` does when the
    visitor may not change it.
    """
    async with reading(request) as (read, now):
        return await count_tokens(read, session.caller, session.here, connector_id, now)
