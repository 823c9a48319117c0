"""Users set up second factors, and make recovery codes. `second_factor_removal.py` removes factors.

A user who has one already must have proven it in this session (`require_proven`). The pages ask that before they are
shown, so that the user is led to prove it, and each change asks it again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated
from urllib.parse import quote

import segno
from fastapi import APIRouter, Depends, Request, Response

from tenantry.access.actions import Action
from tenantry.core.errors import MfaRequired
from tenantry.directory.messages import can_send, require_gateway
from tenantry.directory.own_factors import (
    add_own_passkey,
    begin_own_totp,
    confirm_own_totp,
    renew_own_recovery_codes,
    use_own_phone,
)
from tenantry.directory.own_phones import list_own_phones
from tenantry.directory.own_sign_in import find_own_factors, find_own_totp_secret, require_proven
from tenantry.directory.passkeys import registration_options, relying_party
from tenantry.directory.second_factors import AMR, Method
from tenantry.directory.sign_in_steps import step_up
from tenantry.directory.totp import provisioning_uri
from tenantry.store.engine.interface import Tx
from tenantry.surfaces.portal.frame.forms import Form, once, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import (
    ProofNeeded,
    Session,
    path_of,
    set_session_cookie,
    signed_in,
    signed_in_anywhere,
)
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.sign_in.under_way import browser_of, next_of, session_lifetime, with_next
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


async def _proven(request: Request) -> Session:
    """The session, when its user has proven a second factor or has none. Raises SignInNeeded, ProofNeeded."""
    return await _require_proof(request, await signed_in(request))


async def _proven_anywhere(request: Request) -> Session:
    """As `_proven`, whatever tenant the session acts in."""
    return await _require_proof(request, await signed_in_anywhere(request))


async def _require_proof(request: Request, session: Session) -> Session:
    async with reading(request) as (read, now):
        try:
            await require_proven(read, session.caller, session.id, now)
        except MfaRequired:
            raise ProofNeeded(path_of(request)) from None
    return session


Proven = Annotated[Session, Depends(_proven)]
ProvenAnywhere = Annotated[Session, Depends(_proven_anywhere)]


@router.get("/second-factor/totp")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def show_totp(request: Request, session: Proven) -> Response:
    """Show the QR code of the secret that waits for its first code, if there is one."""
    return await _totp_page(request, session, Form())


@router.post("/second-factor/totp")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def set_up_totp(request: Request, session: Proven) -> Response:
    """Make a secret, or confirm it with a code."""
    deps, form = deps_of(request), await read_form(request)
    key, caller, now = deps.master_key, session.caller, deps.clock()
    with form.showing_errors():
        if form.checked("begin"):
            async with deps.store.write() as tx:
                await begin_own_totp(tx, key, caller, session.id, now)
            return see_other(with_next(request, "/second-factor/totp"))
        code = form.text("code", required=True, max_length=64)
        async with deps.store.write() as tx:
            codes = await confirm_own_totp(tx, key, deps.hasher, caller, session.id, code, now)
            return await _added(tx, request, session, AMR[Method.TOTP], codes)
    return await _totp_page(request, session, form)


@router.get("/second-factor/passkey")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def show_passkey(request: Request, session: Proven) -> Response:
    """Show the form, with a challenge for a new key."""
    return await _passkey_page(request, session, Form())


@router.post("/second-factor/passkey")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def set_up_passkey(request: Request, session: Proven) -> Response:
    """Keep the key that the browser made."""
    deps, form = deps_of(request), await read_form(request)
    name = form.text("name", max_length=64)
    if not form.errors:
        with form.showing_errors():
            async with deps.store.write() as tx:
                amr, codes = await add_own_passkey(
                    tx,
                    deps.hasher,
                    session.caller,
                    session.id,
                    relying_party(deps.settings.issuer),
                    answer=form.value("answer"),
                    name=name,
                    now=deps.clock(),
                )
                return await _added(tx, request, session, amr, codes)
    return await _passkey_page(request, session, form)


@router.get("/second-factor/phone")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def show_phone(request: Request, session: Proven) -> Response:
    """Show the verified numbers, from which the user chooses one."""
    return await _phone_page(request, session, Form())


@router.post("/second-factor/phone")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def set_up_phone(request: Request, session: Proven) -> Response:
    """Send PINs to this number from now on. The first PIN proves that the user has it at hand."""
    deps, form = deps_of(request), await read_form(request)
    number = form.text("number", required=True, max_length=20)
    if not form.errors:
        with form.showing_errors():
            require_gateway(deps.messages)
            async with deps.store.write() as tx:
                codes = await use_own_phone(tx, deps.hasher, session.caller, session.id, number, deps.clock())
                return await _added(tx, request, session, (), codes)
    return await _phone_page(request, session, form)


@router.get("/second-factor/recovery-codes")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def show_recovery_codes(request: Request, session: Proven) -> Response:
    """Show how many codes are left; the codes themselves are not shown again."""
    async with reading(request) as (read, now):
        factors = await find_own_factors(read, session.caller, now)
    return render(request, "sign_in/recovery_codes_ask.html", form=Form(), left=factors.recovery_codes)


@router.post("/second-factor/recovery-codes")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def renew_recovery_codes(request: Request, session: Proven) -> Response:
    """Make new codes, which are shown once, and end the earlier ones. Raises FailedPrecondition without a second
    factor.
    """
    hasher, form = deps_of(request).hasher, await read_form(request)
    async with once(request, session, form, back="/sessions", again=path_of(request)) as (tx, now):
        codes = await renew_own_recovery_codes(tx, hasher, session.caller, session.id, now)
    return _codes_page(request, codes, _after(request, is_first=False))


async def _added(tx: Tx, request: Request, session: Session, amr: Collection[str], codes: list[str]) -> Response:
    """Go on in a session that has proven the new factor, when it had proven a second factor before. Otherwise the
    factor counts from the next sign-in on, since whoever knows the password could have set it up. Recovery codes are
    shown when they were made.
    """
    deps, is_first = deps_of(request), "mfa" not in session.amr
    stepped_up = await step_up(
        tx,
        deps.hasher,
        session.caller,
        session.id,
        amr=() if is_first else amr,
        browser=browser_of(request),
        lifetime=session_lifetime(deps.settings),
        added_factor=is_first,
        now=deps.clock(),
    )
    after = _after(request, is_first=is_first)
    response = _codes_page(request, codes, after) if codes else see_other(after)
    set_session_cookie(response, deps.settings, stepped_up.secret)
    return response


def _after(request: Request, *, is_first: bool) -> str:
    """Where the person wanted to go; through a new sign-in when the factor has to count there."""
    back = next_of(request)
    if back == "/":
        return "/sessions?done=added"
    return f"/sign-in?again=1&next={quote(back, safe='')}" if is_first else back


def _codes_page(request: Request, codes: list[str], after: str) -> Response:
    return render(request, "sign_in/recovery_codes.html", codes=codes, after=after)


async def _totp_page(request: Request, session: Session, form: Form) -> Response:
    async with reading(request) as (read, now):
        factors = await find_own_factors(read, session.caller, now)
        secret = await find_own_totp_secret(read, deps_of(request).master_key, session.caller, session.id, now)
    picture = ""
    if secret is not None:
        uri = provisioning_uri(secret, session.user_principal_name, "Tenantry")
        picture = segno.make(uri, error="m").svg_data_uri(scale=4, border=4, dark="#000", light="#fff")
    return render(
        request,
        "sign_in/second_factor_totp.html",
        form=form,
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)) if secret else "",
        picture=picture,
        is_set_up=factors.totp_since is not None,
        action=with_next(request, "/second-factor/totp"),
    )


async def _passkey_page(request: Request, session: Session, form: Form) -> Response:
    deps = deps_of(request)
    async with deps.store.write() as tx:
        options = await registration_options(
            tx,
            deps.hasher,
            session.caller,
            relying_party(deps.settings.issuer),
            user_principal_name=session.user_principal_name,
            display_name=session.display_name,
            now=deps.clock(),
        )
    action = with_next(request, "/second-factor/passkey")
    return render(request, "sign_in/second_factor_passkey.html", form=form, options=options, action=action)


async def _phone_page(request: Request, session: Session, form: Form) -> Response:
    async with reading(request) as (read, now):
        mine = await list_own_phones(read, session.caller, now)
    numbers = [(phone.number, phone.number) for phone in mine if phone.verified_at is not None]
    action, messages = with_next(request, "/second-factor/phone"), deps_of(request).messages
    return render(
        request,
        "sign_in/second_factor_phone.html",
        form=form,
        numbers=numbers,
        action=action,
        can_send=can_send(messages),
    )
