"""The list of enterprises, the list of their managed accounts, and one account with its devices and unused device
tokens.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import decide
from tenantry.core.clock import SECOND
from tenantry.core.ids import EnterpriseId, ManagedAccountId
from tenantry.devices.account_lists import (
    AccountPicture,
    FoundAccounts,
    list_enterprises,
    look_at_account,
    search_accounts,
)
from tenantry.devices.managed_accounts import AccountType, ManagementType
from tenantry.store.devices.device_lists import ListedAccount
from tenantry.store.devices.devices import Device
from tenantry.surfaces.portal.frame.frame import render
from tenantry.surfaces.portal.frame.guard import SignedIn
from tenantry.surfaces.portal.frame.lists import address, next_address, position, searched
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

PAGE = 50
CHOICES = 20

router = APIRouter()


@router.get("/enterprises")
@performs(Action.READ_ENTERPRISE)
async def show_enterprises(request: Request, session: SignedIn, after: str = "") -> Response:
    """List the EMMs that manage the tenant's devices. Queries: those of the session, and 2."""
    place = after if is_clean(after) else ""
    async with reading(request) as (read, now):
        found = await list_enterprises(read, session.caller, session.here, after_id=place, limit=PAGE + 1, now=now)
    return render(
        request,
        "devices/enterprises.html",
        enterprises=found[:PAGE],
        first="/enterprises" if place else "",
        next=address("/enterprises", after=found[PAGE - 1].id) if len(found) > PAGE else "",
    )


@router.get("/devices")
@performs(Action.READ_MANAGED_ACCOUNT)
async def show_devices(
    request: Request, session: SignedIn, enterprise: str = "", q: str = "", after: str = "", key: str = ""
) -> Response:
    """List the accounts of the enterprise that is named, or of the first. `q` is how an identifier or an address
    begins.

    Queries: those of the session, and 5, whatever the list holds.
    """
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    text = searched(q)
    async with deps.store.read() as read:
        enterprises = await list_enterprises(
            read, caller, here, action=Action.READ_MANAGED_ACCOUNT, limit=CHOICES, now=now
        )
        named = enterprise if is_clean(enterprise) else ""
        chosen = EnterpriseId(named or (enterprises[0].id if enterprises else ""))
        found = FoundAccounts([], None)
        if chosen:
            found = await search_accounts(
                read, caller, here, chosen, text=text, after=position(key, after), limit=PAGE, now=now
            )
    search = {"enterprise": named, "q": text}
    return render(
        request,
        "devices/devices.html",
        enterprises=enterprises,
        chosen=chosen,
        accounts=found.accounts,
        q=text,
        limit=deps.settings.device_limit,
        first=address("/devices", **search) if after else "",
        next=next_address("/devices", found.next, **search),
        name_of=name_of,
        kind_of=kind_of,
    )


def name_of(account: ListedAccount) -> str:
    """What pages call the account."""
    return account.display_name or account.account_identifier or account.primary_email or account.id


def kind_of(account: ListedAccount) -> str:
    """What pages call the account's kind: who manages it, and whether it is for a user or for a device."""
    if account.management_type == ManagementType.GOOGLE_MANAGED:
        return _("Google account")
    return _("Device account") if account.account_type == AccountType.DEVICE_ACCOUNT else _("User account")


@router.get("/devices/{enterprise_id}/{account_id}")
@performs(Action.READ_MANAGED_ACCOUNT)
async def show_account(
    request: Request, session: SignedIn, enterprise_id: EnterpriseId, account_id: ManagedAccountId
) -> Response:
    """Show one account. Queries: those of the session, and 11, whatever the account has."""
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    async with deps.store.read() as read:
        picture = await look_at_account(read, caller, Action.READ_MANAGED_ACCOUNT, here, enterprise_id, account_id, now)
        may = {
            action.value: (await decide(read, caller, action, here, now=now)).allowed
            for action in (
                Action.GENERATE_DEVICE_TOKEN,
                Action.REVOKE_DEVICE_ACCESS,
                Action.WRITE_MANAGED_ACCOUNT,
                Action.SEE_BLAST_RADIUS,
            )
        }
    account = picture.account
    return render(
        request,
        "devices/device_account.html",
        enterprise=picture.enterprise,
        account=account,
        name=name_of(account),
        kind=kind_of(account),
        ours=account.management_type == ManagementType.EMM_MANAGED,
        devices=picture.devices,
        oldest=longest_there(picture) if is_full(picture, deps.settings.device_limit) else None,
        tokens=[(token, (token.expires_at - now) // SECOND) for token in picture.tokens],
        limit=1 if account.account_type == AccountType.DEVICE_ACCOUNT else deps.settings.device_limit,
        may=may,
    )


def is_full(picture: AccountPicture, device_limit: int) -> bool:
    """Whether the account gets no further device. An account for one device is never full: the next device replaces the
    present one.
    """
    return picture.account.account_type != AccountType.DEVICE_ACCOUNT and picture.account.devices >= device_limit


def longest_there(picture: AccountPicture) -> Device | None:
    """The device that was provisioned first: most likely the one that nobody uses any more."""
    return min(picture.devices, key=lambda device: (device.provisioned_at or 0, device.android_id), default=None)
