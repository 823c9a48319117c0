"""Users prove a second factor: as the last step of a sign-in, or while signed in, for a page that needs one.

Every factor has one form, which `with` in the address chooses; the strongest one is shown first. It is protected by the
tries of the sign-in, by a limit for each user, and by what each factor has of its own: single use, few tries, a fresh
challenge.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from tenantry.access.actions import Action
from tenantry.core.caller import Caller
from tenantry.core.clock import MINUTE
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.enrolment import claim_enrolment_code
from tenantry.directory.messages import can_send, require_gateway, send_or_log
from tenantry.directory.own_sign_in import look_at_own_proof
from tenantry.directory.passkeys import claim_passkey, relying_party, sign_in_options
from tenantry.directory.pins import PinRules
from tenantry.directory.second_factors import (
    AMR,
    Method,
    claim_factor_pin,
    claim_recovery_code,
    methods_of,
    request_factor_pin,
)
from tenantry.directory.sessions import NewSession
from tenantry.directory.sign_in_steps import finish_sign_in, step_up, use_try, user_caller
from tenantry.directory.totp import claim_totp
from tenantry.settings import Settings
from tenantry.store.engine.interface import Tx
from tenantry.store.sign_in.second_factors import Factors
from tenantry.surfaces.portal.frame.forms import Form, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignInNeeded, find_signed_in
from tenantry.surfaces.portal.sign_in.under_way import (
    UnderWay,
    browser_of,
    find_under_way,
    go_on,
    leave_session,
    next_of,
    session_lifetime,
    with_next,
)
from tenantry.surfaces.portal.words.texts import exact_time
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import performs

WINDOW = 10 * MINUTE
TRIES_PER_USER = 20

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Person:
    """The user who is to prove a factor, in a sign-in under way or in a session."""

    caller: Caller
    tenant_id: TenantId
    user_id: UserId
    name: str
    under_way: UnderWay | None
    session: Session | None


@router.get("/second-factor")
@performs(Action.SIGN_IN)
async def show_second_factor(request: Request) -> Response:
    """Show the form of one factor, and links to those of the others."""
    person = await _find_person(request)
    if isinstance(person, Response):
        return person
    return await _page(request, person, Form())


@router.post("/second-factor")
@performs(Action.SIGN_IN)
async def check_second_factor(request: Request) -> Response:
    """Send a PIN, or check what was typed."""
    person = await _find_person(request)
    if isinstance(person, Response):
        return person
    form = await read_form(request, before_sign_in=True)
    if form.before_sign_in and person.session is not None:
        return see_other(next_of(request))  # the person has signed in in another tab
    deps = deps_of(request)
    response: Response | None = None
    with form.showing_errors(number="code", pin="code"):
        deps.limits.hit("second_factor", person.user_id, limit=TRIES_PER_USER, window=WINDOW)
        if form.checked("send"):
            response = await _send_pin(request, person)
        elif person.session is not None and person.session.added_factor:
            form.fail("code", _("This second step was set up in this browser since you signed in. Sign in again."))
        else:
            session = await _prove(request, form, person)
            if session is not None:
                is_enrolling = _method(form.value("method")) is Method.ENROLMENT_CODE
                response = go_on(request, session, back="/sessions?done=enrol" if is_enrolling else None)
    return response if response is not None else await _page(request, person, form)


async def _find_person(request: Request) -> Person | Response:
    """The user. Raises SignInNeeded when there is neither a sign-in under way nor a session."""
    under_way = await find_under_way(request)
    if under_way is not None:
        if under_way.sign_in.must_change:
            return see_other(with_next(request, "/password"))
        found = under_way.sign_in
        caller = user_caller(found, origin_of(request.scope))
        return Person(caller, found.tenant_id, found.user_id, found.user_principal_name, under_way, None)
    session = await find_signed_in(request)
    if session is None:
        raise SignInNeeded(next_of(request))
    return Person(session.caller, session.tenant_id, session.user_id, session.user_principal_name, None, session)


async def _prove(request: Request, form: Form, person: Person) -> NewSession | None:
    """Check the factor, and answer the session; None when it was refused, in which case the form says why. The try is
    committed before the person is told.
    """
    deps = deps_of(request)
    code = form.text("code", max_length=64) if not form.checked("answer") else ""
    session: NewSession | None = None
    async with deps.store.write() as tx:
        amr = await _claim(tx, deps, person, _method(form.value("method")), code, form.value("answer"))
        if amr is None and person.under_way is not None:
            await use_try(tx, deps.hasher, person.under_way.secret, person.tenant_id)
        elif amr is not None:
            session = await _start(tx, request, person, amr)
    if session is None:
        form.fail("code", _("That was not right, or it was used before. Try again."))
    return session


async def _claim(
    tx: Tx, deps: Deps, person: Person, method: Method | None, code: str, answer: str
) -> frozenset[str] | None:
    caller, tenant_id, user_id, now = person.caller, person.tenant_id, person.user_id, deps.clock()
    if method is Method.PASSKEY:
        party = relying_party(deps.settings.issuer)
        return await claim_passkey(tx, deps.hasher, caller, party, tenant_id, user_id, answer, now)
    proven = False
    if method is Method.TOTP:
        proven = await claim_totp(tx, deps.master_key, caller, tenant_id, user_id, code, now)
    elif method is Method.PHONE:
        pin = "".join(code.split())
        proven = await claim_factor_pin(tx, deps.hasher, caller, tenant_id, user_id, pin, now)
    elif method is Method.RECOVERY_CODE:
        proven = await claim_recovery_code(tx, deps.hasher, caller, tenant_id, user_id, code, now)
    elif method is Method.ENROLMENT_CODE and person.under_way is not None:
        proven = await claim_enrolment_code(tx, deps.hasher, caller, tenant_id, user_id, code, now)
    return AMR[method] if proven and method is not None else None


async def _start(tx: Tx, request: Request, person: Person, amr: frozenset[str]) -> NewSession:
    deps = deps_of(request)
    browser, lifetime, now = browser_of(request), session_lifetime(deps.settings), deps.clock()
    if person.session is not None:
        return await step_up(
            tx,
            deps.hasher,
            person.caller,
            person.session.id,
            amr=amr,
            browser=browser,
            lifetime=lifetime,
            now=now,
        )
    assert person.under_way is not None  # noqa: S101 - a person has one of the two
    secret, sign_in = person.under_way
    origin = origin_of(request.scope)
    started = await finish_sign_in(
        tx, deps.hasher, secret, sign_in, origin, amr=amr, browser=browser, lifetime=lifetime, now=now
    )
    await leave_session(tx, request)
    return started


async def _send_pin(request: Request, person: Person) -> Response:
    """Send a PIN, after the answer was sent."""
    deps = deps_of(request)
    require_gateway(deps.messages)
    async with deps.store.write() as tx:
        number, pin = await request_factor_pin(
            tx, deps.hasher, person.caller, person.tenant_id, person.user_id, _pin_rules(deps.settings), deps.clock()
        )
    text = _("%(pin)s is your PIN. It is valid for %(minutes)d minutes. Give it to nobody who asks for it.")
    response = see_other(_choose(request, Method.PHONE) + "&sent=1")
    response.background = BackgroundTask(
        send_or_log,
        deps.messages,
        person.tenant_id,
        number,
        text % {"pin": pin, "minutes": deps.settings.pin_minutes},
        origin_of(request.scope).correlation_id,
    )
    return response


async def _page(request: Request, person: Person, form: Form) -> Response:
    deps = deps_of(request)
    async with deps.store.read() as read:
        factors, asked, counts_at = await look_at_own_proof(read, person.caller, deps.clock())
    methods = asked if person.session is None else methods_of(factors)
    wanted = _method(request.query_params.get("with", ""))
    method = wanted if wanted in methods else next(iter(methods), None)
    if method is None and person.session is None:
        return see_other(with_next(request, "/sign-in"))  # the last second factor was removed meanwhile
    options = ""
    if method is Method.PASSKEY:
        async with deps.store.write() as tx:
            party = relying_party(deps.settings.issuer)
            options = await sign_in_options(tx, deps.hasher, person.caller, party, deps.clock())
    return render(
        request,
        "sign_in/second_factor.html",
        form=form,
        name=person.name,
        method=method,
        options=options,
        others=[(each, _choose(request, each)) for each in methods if each is not method],
        action=_choose(request, method) if method else "",
        number=_masked(factors),
        sent=request.query_params.get("sent") == "1" and can_send(deps.messages),
        can_send=can_send(deps.messages),
        minutes=deps.settings.pin_minutes,
        wanted=next_of(request),
        must_sign_in=person.session is not None and person.session.added_factor,
        counts_at=exact_time(counts_at) if counts_at and person.session is not None else "",
    )


def _choose(request: Request, method: Method) -> str:
    path = with_next(request, "/second-factor")
    return f"{path}{'&' if '?' in path else '?'}with={method}"


def _method(raw: str) -> Method | None:
    return next((method for method in Method if method == raw), None)


def _masked(factors: Factors) -> str:
    """The end of the number only, since somebody with the password alone need not learn the whole of it."""
    return f"…{factors.phone_number[-3:]}" if factors.phone_number else ""


def _pin_rules(settings: Settings) -> PinRules:
    sends = settings.pins_per_number_per_hour if settings.rate_limits == "on" else None
    return PinRules(lifetime=settings.pin_minutes * MINUTE, tries=settings.pin_tries, sends_per_hour=sends)
