"""Users add a phone number (*Add a Phone Number*, *Generate PIN*, enter the PIN, verified), and remove one. Source:
Kaizala contract §2.1, steps 2 and 3.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from tenantry.access.actions import Action
from tenantry.core.clock import HOUR, MINUTE
from tenantry.core.codes import LONGEST
from tenantry.core.errors import NotFound
from tenantry.core.phone_numbers import read_number
from tenantry.directory.messages import can_send, require_gateway, send_or_log
from tenantry.directory.own_phones import (
    claim_registration,
    list_own_phones,
    remove_own_phone,
    request_registration_pin,
)
from tenantry.directory.own_sign_in import find_own_factors
from tenantry.directory.pins import PinRules
from tenantry.directory.tenants import get_tenant
from tenantry.settings import Settings
from tenantry.store.sign_in.second_factors import Factors
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedInAnywhere
from tenantry.surfaces.portal.sign_in.second_factor_setup import Proven, ProvenAnywhere
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/phones")
@performs(Action.REGISTER_PHONE)
async def show_phones(request: Request, session: SignedInAnywhere) -> Response:
    """Show the user's numbers, with the form that adds one."""
    return await _phones_page(request, session, draft_of(request))


@router.post("/phones")
@performs(Action.REGISTER_PHONE)
async def generate_pin(request: Request, session: ProvenAnywhere) -> Response:
    """Send a PIN, after the answer was sent. Limits count by the number, and by the client's address."""
    deps, origin = deps_of(request), origin_of(request.scope)
    form = await read_form(request)
    number, pin = "", ""
    with form.showing_errors():
        require_gateway(deps.messages)
        _limit_address(deps, origin.address)
        number = await _read_number(deps, session, form)
        async with deps.store.write() as tx:
            pin = await request_registration_pin(
                tx,
                session.caller,
                deps.hasher,
                session.id,
                number,
                _pin_rules(deps.settings),
                deps.clock(),
            )
    if form.errors:
        return await _phones_page(request, session, form)
    minutes = deps.settings.pin_minutes
    text = _("%(pin)s is your PIN. It is valid for %(minutes)d minutes. Give it to nobody who asks for it.")
    response = see_other(f"/phones/verify?number=%2B{number.removeprefix('+')}")
    response.background = BackgroundTask(
        send_or_log,
        deps.messages,
        session.tenant_id,
        number,
        text % {"pin": pin, "minutes": minutes},
        origin.correlation_id,
    )
    return response


@router.get("/phones/verify")
@performs(Action.REGISTER_PHONE)
async def ask_for_pin(request: Request, _session: SignedInAnywhere, number: str = "") -> Response:
    """Show the field for the PIN. The number is shown as E.164; without one there is no PIN to type."""
    if not number.strip():
        return see_other("/phones")
    return _verify_page(request, Form({"number": [number]}))


@router.post("/phones/verify")
@performs(Action.REGISTER_PHONE)
async def verify_pin(request: Request, session: ProvenAnywhere) -> Response:
    """Check the PIN, which is single-use and has few tries. A wrong one is recorded before it is refused."""
    deps, origin = deps_of(request), origin_of(request.scope)
    form = await read_form(request)
    number = form.text("number", required=True)
    pin = form.text("pin", required=True, max_length=LONGEST)
    proven = False
    with form.showing_errors(number="pin"):
        _limit_address(deps, origin.address)
        number = read_number(number)
        async with deps.store.write() as tx:
            proven = await claim_registration(tx, session.caller, deps.hasher, session.id, number, pin, deps.clock())
        if not proven:
            form.fail("pin", _("That is not the PIN, or it is too old. Try again, or ask for a new one."))
    if form.errors:
        return _verify_page(request, form)
    return see_other(f"/phones?added=%2B{number.removeprefix('+')}")


@router.get("/phones/{number}/remove")
@performs(Action.REGISTER_PHONE)
async def ask_remove(request: Request, session: Proven, number: str) -> Response:
    """Show what the user can no longer do with the number, before it is removed. Raises NotFound when the user does not
    have it.
    """
    async with deps_of(request).store.read() as read:
        now = deps_of(request).clock()
        numbers = await list_own_phones(read, session.caller, now)
        factors = await find_own_factors(read, session.caller, now)
    if number not in {phone.number for phone in numbers}:
        raise NotFound("phone number")
    return ask(
        request,
        title=_("Remove %(number)s") % {"number": number},
        consequences=what_ends(number, factors, is_own=True),
        confirm=_("Remove this number"),
        back="/phones",
    )


@router.post("/phones/{number}/remove")
@performs(Action.REGISTER_PHONE)
async def remove(request: Request, session: Proven, number: str) -> Response:
    """Remove the number, and lead back to the list."""
    form = await read_form(request)
    async with once(request, session, form, back="/phones") as (tx, now):
        await remove_own_phone(tx, session.caller, session.id, number, now)
    return see_other("/phones?done=removed")


def what_ends(number: str, factors: Factors, *, is_own: bool) -> list[str]:
    """Sentences on what ends with the number, for its owner or for an administrator. `factors` are the owner's."""
    texts = [
        _("Apps that sign people in by phone no longer take this number. Tokens that such a PIN gave are revoked."),
        _("You stay in your groups. Whoever adds this number to a group from then on does not add you.")
        if is_own
        else _("The user stays in groups. Whoever adds this number to a group from then on adds somebody else."),
        _("It can be added again, with a PIN that is sent to it."),
    ]
    if factors.phone_number != number:
        return texts
    others = factors.passkeys or factors.totp_since is not None
    if others:
        first = _("Signing in no longer offers a PIN by phone. The other second steps go on.")
    elif is_own:
        first = _("It is your only second step: from now on your password alone opens your account.")
    else:
        first = _("It is the user's only second step: the next sign-in asks for an enrolment code, which you can make.")
    codes = [_("The recovery codes go with the last second step.")] if factors.recovery_codes and not others else []
    return [first, *codes, *texts]


async def _read_number(deps: Deps, session: Session, form: Form) -> str:
    """The number in E.164, however people write it: with `00` for `+`, blanks, brackets, or as within the tenant's own
    country.
    """
    typed = form.text("number", required=True, max_length=60)
    if form.errors:
        return ""
    async with deps.store.read() as read:
        country = (await get_tenant(read, session.caller, session.tenant_id, deps.clock())).country
    return read_number(typed, country)


def _pin_rules(settings: Settings) -> PinRules:
    sends = settings.pins_per_number_per_hour if settings.rate_limits == "on" else None
    return PinRules(lifetime=settings.pin_minutes * MINUTE, tries=settings.pin_tries, sends_per_hour=sends)


def _limit_address(deps: Deps, address: str) -> None:
    deps.limits.hit_from(address, "pins", limit=deps.settings.pins_per_address_per_hour, window=HOUR)


async def _phones_page(request: Request, session: Session, form: Form) -> Response:
    deps = deps_of(request)
    async with deps.store.read() as read:
        numbers = await list_own_phones(read, session.caller, deps_of(request).clock())
    added = request.query_params.get("added", "")
    fresh = next((phone.number for phone in numbers if phone.number == added and phone.verified_at), "")
    removed = request.query_params.get("done") == "removed"
    return render(
        request,
        "sign_in/phones.html",
        form=form,
        numbers=numbers,
        added=fresh,
        removed=removed,
        can_send=can_send(deps.messages),
    )


def _verify_page(request: Request, form: Form) -> Response:
    deps = deps_of(request)
    return render(
        request,
        "sign_in/phone_verify.html",
        form=form,
        number=form.value("number"),
        minutes=deps.settings.pin_minutes,
        can_send=can_send(deps.messages),
    )
