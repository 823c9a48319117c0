"""Users sign in with a user name and a password, and sign out.

Limits count by client address, by name, and by name at an address. A name that does not exist takes the same time,
counts the same and is answered the same. The wait for a name grows, from minutes to hours to a day. A browser in which
the user signed in before has tries of its own (known_browser.py), so that strangers cannot lock the user out; its wait
grows as well. When tries are used up, the trail and the user are told. `password.py` and `second_factor.py` ask for
what else is needed after the password.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask

from tenantry.access.actions import Action
from tenantry.core.caller import in_person
from tenantry.core.clock import DAY, HOUR, MINUTE, Micros
from tenantry.core.errors import RateLimited
from tenantry.core.normal_form import name_key
from tenantry.directory.own_factors import end_own_session
from tenantry.directory.sessions import NewSession, SessionTerms
from tenantry.directory.sign_in import PASSWORD, SignedIn, note_used_up, sign_in
from tenantry.directory.sign_in_steps import NextStep, begin_sign_in
from tenantry.surfaces.portal.frame.forms import Form, read_form, read_late_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import drop_session_cookie, find_signed_in
from tenantry.surfaces.portal.sign_in.known_browser import find_known_user, remember_browser
from tenantry.surfaces.portal.sign_in.under_way import (
    browser_of,
    demands_of,
    go_on,
    leave_session,
    next_of,
    session_lifetime,
    with_demands,
)
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.limits import subscriber_of
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import performs

WINDOW = 5 * MINUTE
TRIES_PER_ADDRESS = 100
TRIES_PER_NAME_AND_ADDRESS = 10
"""How many tries a name has at one client address in a WINDOW."""
TRIES_PER_KNOWN_BROWSER = {WINDOW: 10, HOUR: 40, DAY: 120}
TRIES_PER_NAME = {WINDOW: 50, HOUR: 100, DAY: 300}
"""Tries by the length of the window: the first are those of a user in all the browsers in which that user signed in
before; the second those of a name from anywhere else. The latter are more, so that nobody can lock another person out
from one place.
"""

router = APIRouter()


@router.get("/sign-in")
@performs(Action.SIGN_IN)
async def show_sign_in(request: Request) -> Response:
    """Show the form. A signed-in user is led on, unless a connector wants the sign-in done again (`again`)."""
    if "again" not in demands_of(request) and await find_signed_in(request) is not None:
        return see_other(next_of(request))
    return _page(request, Form({"name": [request.query_params.get("name", "")]}))


@router.post("/sign-in")
@performs(Action.SIGN_IN)
async def check_password(request: Request) -> Response:
    """Check the password, the first factor, and lead on to whatever else is asked for."""
    deps, origin = deps_of(request), origin_of(request.scope)
    form = await read_form(request, before_sign_in=True)
    name = form.text("name", required=True)
    if "again" not in demands_of(request) and await _is_signed_in(request, name):
        return see_other(next_of(request))
    password = form.value("password")
    if not password:
        form.text("password", required=True)
    signed_in: SignedIn | None = None
    if not form.errors:
        with form.showing_errors():
            await _limit(request, name_key(name))
            signed_in = await sign_in(
                deps.store,
                deps.passwords,
                user_principal_name=name,
                password=password,
                origin=origin,
                now=deps.clock(),
            )
    if signed_in is None:
        response = _page(request, form)
        response.background = tell_of(request)
        return response
    response = go_on(request, await _begin(request, signed_in))
    await remember_browser(request, response, signed_in.user.tenant_id, signed_in.user.id, name)
    return response


@router.post("/sign-out")
@performs(Action.SIGN_IN)
async def sign_out(request: Request) -> Response:
    """End this browser's session, for whatever tenant the page was shown; without a session there is nothing to end."""
    deps = deps_of(request)
    session = await find_signed_in(request)
    if session is not None:
        await read_late_form(request)
        async with deps.store.write() as tx:
            await end_own_session(tx, session.caller, session.id, deps.clock())
    response = see_other("/sign-in")
    drop_session_cookie(response, deps.settings)
    return response


async def _is_signed_in(request: Request, name: str) -> bool:
    """Whether another tab has signed in with the same name already. With another name, the person wants to change."""
    session = await find_signed_in(request)
    return session is not None and name_key(session.user_principal_name) == name_key(name)


async def _begin(request: Request, signed_in: SignedIn) -> NewSession | NextStep:
    deps, user = deps_of(request), signed_in.user
    amr = frozenset({PASSWORD})
    caller = in_person(origin_of(request.scope), tenant_id=user.tenant_id, user_id=user.id, amr=amr)
    async with deps.store.write() as tx:
        outcome = await begin_sign_in(
            tx,
            deps.hasher,
            caller,
            terms=SessionTerms(
                tenant_id=user.tenant_id,
                user_id=user.id,
                amr=amr,
                browser=browser_of(request),
                lifetime=session_lifetime(deps.settings),
            ),
            must_change=signed_in.must_change,
            password_hash=signed_in.password_hash,
            now=deps.clock(),
        )
        if isinstance(outcome, NewSession):
            await leave_session(tx, request)
    return outcome


async def _limit(request: Request, name: str) -> None:
    """Count a try. `name` is in the form in which it is looked up, since otherwise each spelling would have tries of
    its own. Raises RateLimited.
    """
    deps, address = deps_of(request), origin_of(request.scope).address
    subscriber = subscriber_of(address)
    deps.limits.hit_from(address, "sign_in.address", limit=TRIES_PER_ADDRESS, window=WINDOW)
    known = await find_known_user(request, name)
    if known is None:
        deps.limits.hit("sign_in.both", subscriber, name, limit=TRIES_PER_NAME_AND_ADDRESS, window=WINDOW)
    tries = TRIES_PER_NAME if known is None else TRIES_PER_KNOWN_BROWSER
    counted = ("sign_in.name", name) if known is None else ("sign_in.known", known)
    count_try(request, counted, tries, name)


def count_try(request: Request, key: tuple[str, ...], tries: Mapping[Micros, int], name: str) -> None:
    """Count a try of a password in each window. Raises RateLimited; `tell_of` then tells whose sign-in name it is."""
    try:
        for window, limit in tries.items():
            deps_of(request).limits.hit(*key, str(window), limit=limit, window=window)
    except RateLimited:
        request.state.used_up = name
        raise


def tell_of(request: Request) -> BackgroundTask | None:
    """What tells the user, once in a window, that the name's tries are used up. It runs after the answer was sent, so
    that its time says nothing.
    """
    deps, name = deps_of(request), getattr(request.state, "used_up", None)
    if name is None:
        return None
    try:
        deps.limits.hit("sign_in.told", name, limit=1, window=WINDOW)
    except RateLimited:
        return None
    return BackgroundTask(note_used_up, deps.store, name, origin_of(request.scope), deps.clock())


def _page(request: Request, form: Form) -> Response:
    return render(
        request,
        "sign_in/sign_in.html",
        form=form,
        action=with_demands(request, "/sign-in"),
        wanted=next_of(request),
        again="again" in demands_of(request),
        elsewhere=with_demands(request, "/sign-in/organisation"),
    )
