"""What changes a managed account: an administrator makes a device token, which is shown once, takes a device away,
revokes access on all devices, deletes the account.
"""

from __future__ import annotations

import segno
from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.core.clock import MINUTE
from tenantry.core.errors import NotFound
from tenantry.core.ids import EnterpriseId, ManagedAccountId
from tenantry.devices.account_lists import enterprise_of, look_at_account
from tenantry.devices.device_tokens import IssuedDeviceToken, issue_device_token
from tenantry.devices.managed_accounts import AccountType
from tenantry.devices.revocation import delete_account, remove_device, revoke_device_access
from tenantry.surfaces.portal.devices.devices import is_full, longest_there, name_of
from tenantry.surfaces.portal.frame.forms import Form, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.texts import ngettext
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()

ACCOUNT = "/devices/{enterprise_id}/{account_id}"


def _path(enterprise_id: EnterpriseId, account_id: ManagedAccountId) -> str:
    return ACCOUNT.format(enterprise_id=enterprise_id, account_id=account_id)


@router.get(ACCOUNT + "/token")
@performs(Action.GENERATE_DEVICE_TOKEN)
async def ask_token(
    request: Request, session: SignedIn, enterprise_id: EnterpriseId, account_id: ManagedAccountId
) -> Response:
    """Show what a device token is good for and how long, before one is made."""
    return await _token_page(request, session, enterprise_id, account_id, Form())


@router.post(ACCOUNT + "/token")
@performs(Action.GENERATE_DEVICE_TOKEN)
async def generate_token(
    request: Request, session: SignedIn, enterprise_id: EnterpriseId, account_id: ManagedAccountId
) -> Response:
    """Make a device token, and show it this once, as text and as a QR code."""
    deps, caller, here = deps_of(request), session.caller, session.here
    form, back = await read_form(request), _path(enterprise_id, account_id)
    issued: IssuedDeviceToken | None = None
    with form.showing_errors():
        async with once(request, session, form, back=back, again=f"{back}/token") as (tx, now):
            enterprise = await enterprise_of(tx, caller, Action.GENERATE_DEVICE_TOKEN, here, enterprise_id, now)
            issued = await issue_device_token(
                tx,
                deps.hasher,
                caller,
                enterprise,
                account_id=account_id,
                device_limit=deps.settings.device_limit,
                lifetime=deps.settings.device_token_minutes * MINUTE,
                now=now,
            )
    return await _token_page(request, session, enterprise_id, account_id, form, issued)


async def _token_page(
    request: Request,
    session: Session,
    enterprise_id: EnterpriseId,
    account_id: ManagedAccountId,
    form: Form,
    issued: IssuedDeviceToken | None = None,
) -> Response:
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        picture = await look_at_account(
            read, session.caller, Action.GENERATE_DEVICE_TOKEN, session.here, enterprise_id, account_id, now
        )
    account = picture.account
    return render(
        request,
        "devices/device_token.html",
        form=form,
        name=name_of(account),
        back=_path(enterprise_id, account_id),
        minutes=deps.settings.device_token_minutes,
        oldest=longest_there(picture) if is_full(picture, deps.settings.device_limit) else None,
        devices=account.devices,
        replaces=account.account_type == AccountType.DEVICE_ACCOUNT and account.devices > 0,
        token=issued.token if issued else "",
        expires_at=issued.expires_at if issued else 0,
        picture=segno.make(issued.token, error="m").svg_data_uri(scale=5, border=4, dark="#000", light="#fff")
        if issued
        else "",
    )


@router.get(ACCOUNT + "/devices/{android_id}/remove")
@performs(Action.REVOKE_DEVICE_ACCESS)
async def ask_remove(
    request: Request, session: SignedIn, enterprise_id: EnterpriseId, account_id: ManagedAccountId, android_id: str
) -> Response:
    """Show what stops on this one device, before it is taken away."""
    return await _remove_page(request, session, enterprise_id, account_id, android_id, Form())


@router.post(ACCOUNT + "/devices/{android_id}/remove")
@performs(Action.REVOKE_DEVICE_ACCESS)
async def remove(
    request: Request, session: SignedIn, enterprise_id: EnterpriseId, account_id: ManagedAccountId, android_id: str
) -> Response:
    """Take the device away, and lead back to the account's page, where one more place is free."""
    caller, here = session.caller, session.here
    form, back = await read_form(request), _path(enterprise_id, account_id)
    with form.showing_errors():
        async with once(request, session, form, back=back) as (tx, now):
            await enterprise_of(tx, caller, Action.REVOKE_DEVICE_ACCESS, here, enterprise_id, now)
            await remove_device(tx, caller, enterprise_id, account_id, android_id, now)
        return see_other(back)
    return await _remove_page(request, session, enterprise_id, account_id, android_id, form)


async def _remove_page(
    request: Request,
    session: Session,
    enterprise_id: EnterpriseId,
    account_id: ManagedAccountId,
    android_id: str,
    form: Form,
) -> Response:
    async with reading(request) as (read, now):
        action = Action.REVOKE_DEVICE_ACCESS
        picture = await look_at_account(read, session.caller, action, session.here, enterprise_id, account_id, now)
    device = next((device for device in picture.devices if device.android_id == android_id), None)
    if device is None:
        raise NotFound("device")
    names = {"model": device.model or _("the device"), "android_id": android_id, "name": name_of(picture.account)}
    return ask(
        request,
        title=_("Remove %(model)s from %(name)s") % names,
        lead=_("Android ID %(android_id)s") % names,
        consequences=[
            _("The device loses the work account and what came with it."),
            _("Its place is free for another device. The account's other devices go on."),
        ],
        confirm=_("Remove this device"),
        back=_path(enterprise_id, account_id),
        form=form,
    )


@router.get(ACCOUNT + "/revoke")
@performs(Action.REVOKE_DEVICE_ACCESS)
async def ask_revoke(
    request: Request, session: SignedIn, enterprise_id: EnterpriseId, account_id: ManagedAccountId
) -> Response:
    """Show what stops on how many devices, before access is revoked."""
    return await _revoke_page(request, session, enterprise_id, account_id, Form())


@router.post(ACCOUNT + "/revoke")
@performs(Action.REVOKE_DEVICE_ACCESS)
async def revoke(
    request: Request, session: SignedIn, enterprise_id: EnterpriseId, account_id: ManagedAccountId
) -> Response:
    """Revoke the account's access on all devices, and lead back to the account's page, where every place is free."""
    caller, here = session.caller, session.here
    form, back = await read_form(request), _path(enterprise_id, account_id)
    with form.showing_errors():
        async with once(request, session, form, back=back) as (tx, now):
            await enterprise_of(tx, caller, Action.REVOKE_DEVICE_ACCESS, here, enterprise_id, now)
            await revoke_device_access(tx, caller, enterprise_id, account_id, now)
        return see_other(back)
    return await _revoke_page(request, session, enterprise_id, account_id, form)


async def _revoke_page(
    request: Request, session: Session, enterprise_id: EnterpriseId, account_id: ManagedAccountId, form: Form
) -> Response:
    name, ends = await _what_ends(request, session, Action.REVOKE_DEVICE_ACCESS, enterprise_id, account_id)
    return ask(
        request,
        title=_("Revoke the devices of %(name)s") % {"name": name},
        consequences=[*ends, _("The account stays, with every place free.")],
        confirm=_("Revoke access"),
        back=_path(enterprise_id, account_id),
        form=form,
    )


@router.get(ACCOUNT + "/delete")
@performs(Action.WRITE_MANAGED_ACCOUNT)
async def ask_delete(
    request: Request, session: SignedIn, enterprise_id: EnterpriseId, account_id: ManagedAccountId
) -> Response:
    """Show what ends with the account, before it is deleted."""
    return await _delete_page(request, session, enterprise_id, account_id, Form())


@router.post(ACCOUNT + "/delete")
@performs(Action.WRITE_MANAGED_ACCOUNT)
async def delete(
    request: Request, session: SignedIn, enterprise_id: EnterpriseId, account_id: ManagedAccountId
) -> Response:
    """Delete the account, and lead back to the list."""
    caller, here = session.caller, session.here
    form, back = await read_form(request), f"/devices?enterprise={enterprise_id}"
    with form.showing_errors():
        async with once(request, session, form, back=back) as (tx, now):
            await enterprise_of(tx, caller, Action.WRITE_MANAGED_ACCOUNT, here, enterprise_id, now)
            await delete_account(tx, caller, enterprise_id, account_id, now)
        return see_other(back)
    return await _delete_page(request, session, enterprise_id, account_id, form)


async def _delete_page(
    request: Request, session: Session, enterprise_id: EnterpriseId, account_id: ManagedAccountId, form: Form
) -> Response:
    name, ends = await _what_ends(request, session, Action.WRITE_MANAGED_ACCOUNT, enterprise_id, account_id)
    return ask(
        request,
        title=_("Delete %(name)s") % {"name": name},
        consequences=[*ends, _("The account is gone. An account made again with its identifier is a new one.")],
        confirm=_("Delete this account"),
        back=_path(enterprise_id, account_id),
        form=form,
    )


async def _what_ends(
    request: Request, session: Session, action: Action, enterprise_id: EnterpriseId, account_id: ManagedAccountId
) -> tuple[str, list[str]]:
    """The account's name, and sentences on what stops when its devices and tokens end. Raises what `look_at_account`
    does for this `action`.
    """
    async with reading(request) as (read, now):
        picture = await look_at_account(read, session.caller, action, session.here, enterprise_id, account_id, now)
    devices, tokens = len(picture.devices), picture.account.tokens
    ends = [
        ngettext(
            "%(count)d device loses the work account and what came with it.",
            "%(count)d devices lose the work account and what came with it.",
            devices,
        )
        % {"count": devices},
    ]
    if tokens:
        text = ngettext(
            "%(count)d unused token can no longer be used.", "%(count)d unused tokens can no longer be used.", tokens
        )
        ends.append(text % {"count": tokens})
    return name_of(picture.account), ends
