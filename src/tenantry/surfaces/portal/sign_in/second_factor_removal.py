"""Users remove their second factors, when they have proven one in this session: see second_factor_setup.py."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.core.errors import NotFound
from tenantry.directory.own_factors import remove_own_passkey, remove_own_totp, stop_using_own_phone
from tenantry.directory.own_sign_in import list_own_passkeys
from tenantry.surfaces.portal.frame.forms import read_form
from tenantry.surfaces.portal.frame.frame import ask, see_other
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.portal.sign_in.second_factor_setup import Proven
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/second-factor/totp/remove")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def ask_to_remove_totp(request: Request, _session: Proven) -> Response:
    """Ask whether the authenticator app shall be removed."""
    return _danger_page(request, _("Remove the authenticator app?"))


@router.post("/second-factor/totp/remove")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def remove_app(request: Request, session: Proven) -> Response:
    """Remove the authenticator app. Raises NotFound when there is none."""
    await read_form(request)
    async with writing(request) as (tx, now):
        await remove_own_totp(tx, session.caller, session.id, now)
    return see_other("/sessions?done=removed")


@router.get("/second-factor/phone/remove")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def ask_to_remove_phone(request: Request, _session: Proven) -> Response:
    """Ask whether the phone shall be no second factor any more."""
    return _danger_page(request, _("Stop asking for a PIN by phone?"))


@router.post("/second-factor/phone/remove")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def remove_phone(request: Request, session: Proven) -> Response:
    """Send no PINs at sign-in any more; the number stays the user's. Raises NotFound when none were sent."""
    await read_form(request)
    async with writing(request) as (tx, now):
        await stop_using_own_phone(tx, session.caller, session.id, now)
    return see_other("/sessions?done=removed")


@router.get("/second-factor/passkey/{credential_id}/remove")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def ask_to_remove_passkey(request: Request, session: Proven, credential_id: str) -> Response:
    """Ask whether the passkey shall be removed. Raises NotFound when it is not the user's."""
    async with reading(request) as (read, now):
        mine = await list_own_passkeys(read, session.caller, now)
    name = next((passkey.name for passkey in mine if passkey.credential_id == credential_id), None)
    if name is None:
        raise NotFound("passkey")
    return _danger_page(request, _("Remove the passkey %(name)s?") % {"name": name})


@router.post("/second-factor/passkey/{credential_id}/remove")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def remove_key(request: Request, session: Proven, credential_id: str) -> Response:
    """Remove the passkey. Raises NotFound when it is not the user's."""
    await read_form(request)
    async with writing(request) as (tx, now):
        await remove_own_passkey(tx, session.caller, session.id, credential_id, now)
    return see_other("/sessions?done=removed")


def _danger_page(request: Request, title: str) -> Response:
    return ask(
        request,
        title=title,
        consequences=[
            _("It is not asked for any more when you sign in, and cannot be used to sign in."),
            _("With the last second step the recovery codes go, and signing in asks for the password only."),
        ],
        confirm=_("Remove it"),
        back="/sessions",
    )
