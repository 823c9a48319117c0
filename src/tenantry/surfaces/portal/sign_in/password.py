"""Users choose another password: because the sign-in asks for it (`forceChangePassword`), or because they know the
present one.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.core.clock import MINUTE
from tenantry.core.normal_form import name_key
from tenantry.directory.own_password import change_own_password, hash_new_password
from tenantry.directory.own_sign_in import list_own_asked
from tenantry.directory.sign_in_steps import NextStep, change_expired_password, finish_sign_in, user_caller
from tenantry.surfaces.portal.frame.forms import Form, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, signed_in
from tenantry.surfaces.portal.sign_in.sign_in import TRIES_PER_KNOWN_BROWSER, count_try, tell_of
from tenantry.surfaces.portal.sign_in.under_way import (
    UnderWay,
    browser_of,
    find_under_way,
    go_on,
    next_of,
    session_lifetime,
    with_next,
)
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import performs

CHANGES_PER_USER = 20
WINDOW = 10 * MINUTE

router = APIRouter()


@router.get("/password")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def show_password(request: Request) -> Response:
    """Show the form, to a sign-in that asks for another password, or to a signed-in user."""
    under_way = await _find_asked(request)
    if under_way is None:
        await signed_in(request)
    return _page(request, Form(), under_way)


@router.post("/password")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def change_password(request: Request) -> Response:
    """Set the password, which ends every other session."""
    under_way = await _find_asked(request)
    session = None if under_way is not None else await signed_in(request)
    form = await read_form(request, before_sign_in=True)
    if form.before_sign_in and session is not None:
        return see_other(next_of(request))  # the person has signed in in another tab
    if form.value("password") != form.value("repeated_password"):
        form.fail("repeated_password", _("The two are not the same."))
    response: Response | None = None
    if not form.errors:
        with form.showing_errors():
            response = (
                await _change_expired(request, form, under_way)
                if under_way is not None
                else await _change(request, form, session)
            )
    if response is None:
        response = _page(request, form, under_way)
        response.background = tell_of(request)
    return response


async def _find_asked(request: Request) -> UnderWay | None:
    under_way = await find_under_way(request)
    return under_way if under_way is not None and under_way.sign_in.must_change else None


async def _change_expired(request: Request, form: Form, under_way: UnderWay) -> Response:
    """Set the password of a sign-in under way, and go on to the second factor, or to the session when there is none."""
    deps, origin, sign_in = deps_of(request), origin_of(request.scope), under_way.sign_in
    deps.limits.hit("password", sign_in.user_id, limit=CHANGES_PER_USER, window=WINDOW)
    caller = user_caller(sign_in, origin)
    new_hash = await hash_new_password(deps.store, deps.passwords, caller, form.value("password"), deps.clock())
    now = deps.clock()
    async with deps.store.write() as tx:
        await change_expired_password(tx, deps.hasher, under_way.secret, sign_in, new_hash, origin, now)
        if await list_own_asked(tx, caller, now):
            return go_on(request, NextStep(under_way.secret, must_change=False))
        session = await finish_sign_in(
            tx,
            deps.hasher,
            under_way.secret,
            sign_in,
            origin,
            browser=browser_of(request),
            lifetime=session_lifetime(deps.settings),
            now=now,
        )
    return go_on(request, session)


async def _change(request: Request, form: Form, session: Session | None) -> Response:
    assert session is not None  # noqa: S101 - one of the two is there, see change_password
    deps = deps_of(request)
    # Whoever found the browser open guesses no further here than at the sign-in.
    count_try(
        request, ("present_password", session.user_id), TRIES_PER_KNOWN_BROWSER, name_key(session.user_principal_name)
    )
    await change_own_password(
        deps.store,
        deps.passwords,
        session.caller,
        session.id,
        present=form.value("present_password"),
        wanted=form.value("password"),
        clock=deps.clock,
    )
    return see_other("/sessions?done=password")


def _page(request: Request, form: Form, under_way: UnderWay | None) -> Response:
    action = with_next(request, "/password")
    sign_in = None if under_way is None else under_way.sign_in
    return render(request, "sign_in/password.html", form=form, under_way=sign_in, action=action)
