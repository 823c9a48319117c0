"""A user generates a token for a connector, and revokes one.

Source: "Generate tenant-level user token", step 2; Kaizala contract §2.2.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action, Permission
from tenantry.connectors.granting import TokenReach, get_token, grant_user_token, preview_user_token, revoke_token
from tenantry.core.caller import Reach
from tenantry.core.ids import ConnectorId, GrantId
from tenantry.directory.own_phones import list_own_phones
from tenantry.surfaces.portal.connectors.token_terms import lifetimes, read_terms
from tenantry.surfaces.portal.frame.forms import Form, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.handover import env_file, exchange_command
from tenantry.surfaces.portal.frame.links import way_back
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.words import explained, reach_text, registrant_text
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs
from tenantry.tokens.grants import NewGrant

router = APIRouter()


@router.get("/connectors/{connector_id}/user-token")
@performs(Action.GRANT_CONNECTOR)
async def ask_user_token(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Show what the token will reach, with the form in which the user chooses its permissions and its end."""
    return await _show_preview(request, session, connector_id, Form())


@router.post("/connectors/{connector_id}/user-token")
@performs(Action.GRANT_CONNECTOR)
async def generate_user_token(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """Make the refresh token and show it this once, with a command for curl that trades it for an access token."""
    deps, now = deps_of(request), deps_of(request).clock()
    form, path = await read_form(request), f"/connectors/{connector_id}"
    terms, granted = read_terms(form, deps.settings.refresh_token_days), None
    if not form.errors:
        with form.showing_errors():
            async with once(request, session, form, back=f"{path}#tokens", again=f"{path}/user-token") as (tx, now):
                granted = await grant_user_token(
                    tx,
                    session.caller,
                    deps.hasher,
                    tenant_id=session.here,
                    connector_id=connector_id,
                    permissions=terms.permissions,
                    lifetime=terms.lifetime,
                    now=now,
                )
    if granted is None:
        return await _show_preview(request, session, connector_id, form)
    async with deps.store.read() as read:
        reached = await preview_user_token(read, session.caller, session.here, connector_id, now)
    return show_token(request, granted, reached, terms.permissions, reach_text(reached.reach), back=path)


async def _show_preview(request: Request, session: Session, connector_id: ConnectorId, form: Form) -> Response:
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        reached = await preview_user_token(read, session.caller, session.here, connector_id, now)
        numbers = await list_own_phones(read, session.caller, now)
    permissions = reached.connector.permissions.split()
    return render(
        request,
        "connectors/user_token.html",
        form=form,
        reached=reached,
        whole_tenant=reached.reach is Reach.TENANT,
        permissions=explained(permissions),
        lifetimes=lifetimes(deps.settings.refresh_token_days, now),
        registrant=registrant_text(reached.connector, reached.registrant),
        has_phone=any(phone.verified_at for phone in numbers),
        lacks_mfa=Permission.PARTNER_CENTER in permissions and "mfa" not in session.amr,
    )


def show_token(
    request: Request,
    granted: NewGrant,
    reached: TokenReach,
    permissions: list[Permission],
    reach: str,
    *,
    back: str,
) -> Response:
    """The one page that shows a refresh token. Nothing keeps a copy of it."""
    issuer, connector = deps_of(request).settings.issuer, reached.connector
    return render(
        request,
        "connectors/token_created.html",
        token=granted.refresh_token,
        until=granted.expires_at,
        connector=connector,
        groups=reached.groups,
        group_count=reached.group_count,
        reach=reach,
        permissions=explained(permissions),
        env=env_file(connector.name, url=issuer, connector_id=connector.id, refresh_token=granted.refresh_token),
        command=exchange_command(issuer, connector.id),
        whole_command=exchange_command(issuer, connector.id, granted.refresh_token),
        back=back,
    )


@router.get("/tokens/{grant_id}/revoke")
@performs(Action.REVOKE_GRANT)
async def ask_revoke(request: Request, session: SignedIn, grant_id: GrantId) -> Response:
    """Show what stops working, before the token is revoked."""
    async with reading(request) as (read, now):
        token = await get_token(read, session.caller, session.here, grant_id, now)
    return ask(
        request,
        title=_("Revoke a token of %(name)s") % {"name": token.connector_name},
        lead=_("%(user)s gave it. It reaches: %(reach)s.")
        % {"user": token.user_name, "reach": reach_text(token.reach, token.group_name)},
        consequences=[
            _("The refresh token is refused from then on."),
            _("Access tokens made from it stop at once."),
            _("To let the app in again, somebody has to give it a new token."),
        ],
        confirm=_("Revoke this token"),
        back=f"/connectors/{token.connector_id}",
    )


@router.post("/tokens/{grant_id}/revoke")
@performs(Action.REVOKE_GRANT)
async def revoke(request: Request, session: SignedIn, grant_id: GrantId) -> Response:
    """Revoke the token. It is refused from the commit on, since whoever verifies an access token looks its grant up."""
    form = await read_form(request)
    async with once(request, session, form, back=way_back(session, "/connectors")) as (tx, now):
        token = await get_token(tx, session.caller, session.here, grant_id, now)
        await revoke_token(tx, session.caller, session.here, grant_id, now)
    return see_other(way_back(session, f"/connectors/{token.connector_id}"))
