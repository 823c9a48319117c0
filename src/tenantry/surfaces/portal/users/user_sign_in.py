"""What an administrator does for users who cannot sign in any more or must not sign in as before: takes away a lost
phone number or every second factor, confirms a second factor that waits, makes an enrolment code.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.core.errors import FailedPrecondition, NotFound
from tenantry.core.ids import UserId
from tenantry.directory.second_factors import Method, methods_of
from tenantry.directory.sign_in_methods import (
    confirm_second_factors,
    get_user_to_help,
    give_enrolment_code,
    look_at_methods,
    remove_phone_of,
    reset_second_factors,
)
from tenantry.store.users.users import User
from tenantry.surfaces.portal.frame.forms import Form, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.sign_in.phones import what_ends
from tenantry.surfaces.portal.words.texts import day
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/users/{user_id}/second-factors/reset")
@performs(Action.CHANGE_SIGN_IN_METHODS)
async def ask_reset(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Show which second factors the user loses, and how the user signs in afterwards. Raises FailedPrecondition when
    the user has none.
    """
    async with reading(request) as (read, now):
        seen = await look_at_methods(read, session.caller, session.here, user_id, now)
    methods = methods_of(seen.factors)
    if not methods:
        raise FailedPrecondition("This user has no second step.")
    return ask(
        request,
        title=_("Reset the second steps of %(name)s") % {"name": seen.user.display_name},
        lead=_("For somebody who has lost a phone or a key, and who you are sure is %(name)s.")
        % {"name": seen.user.user_principal_name},
        consequences=[
            _("These are gone: %(methods)s.") % {"methods": methods_text(methods)},
            _("Signing in asks for an enrolment code, which you can make, until another second step is set up."),
            _("Browsers in which the user is signed in are signed out."),
            _("Tokens that the user gave to apps go on working. To end them as well, reset the password."),
        ],
        confirm=_("Reset the second steps"),
        back=f"/users/{user_id}",
    )


@router.post("/users/{user_id}/second-factors/reset")
@performs(Action.CHANGE_SIGN_IN_METHODS)
async def reset(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Take all second factors from the user, and lead back to the user's page."""
    form, back = await read_form(request), f"/users/{user_id}"
    async with once(request, session, form, back=back) as (tx, now):
        await reset_second_factors(tx, session.caller, session.here, user_id, now)
    return see_other(back)


@router.get("/users/{user_id}/second-factors/confirm")
@performs(Action.CHANGE_SIGN_IN_METHODS)
async def ask_confirm(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Show why the user's second factor does not count yet, before it is confirmed. Raises FailedPrecondition when none
    waits.
    """
    return await _ask_confirm(request, session, user_id, Form())


@router.post("/users/{user_id}/second-factors/confirm")
@performs(Action.CHANGE_SIGN_IN_METHODS)
async def confirm(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Let the user's second factor count at once, and lead back to the user's page. An administrator who signed in
    without a second factor sees on this page why it was refused.
    """
    form, back = await read_form(request), f"/users/{user_id}"
    with form.showing_errors():
        async with once(request, session, form, back=back) as (tx, now):
            await confirm_second_factors(tx, session.caller, session.here, user_id, now)
        return see_other(back)
    return await _ask_confirm(request, session, user_id, form)


async def _ask_confirm(request: Request, session: Session, user_id: UserId, form: Form) -> Response:
    async with reading(request) as (read, now):
        seen = await look_at_methods(read, session.caller, session.here, user_id, now)
        methods = methods_of(seen.factors)
    if not methods or seen.waits_until is None:
        raise FailedPrecondition("This user has no second step that waits.")
    return ask(
        request,
        title=_("Confirm the second step of %(name)s") % {"name": seen.user.display_name},
        lead=_("For somebody who you are sure is %(name)s.") % {"name": seen.user.user_principal_name},
        consequences=[
            _("This was set up by somebody who knew the password, and nothing else: %(methods)s.")
            % {"methods": methods_text(methods)},
            _("Ask the user, not by the account itself, whether that was them. If not, reset it."),
            _("From the next sign-in on it counts: for acting for customers, and for apps that need a second step."),
        ],
        confirm=_("Confirm it"),
        undo=_("Without this it counts from %(day)s on. You can reset it at any time.")
        % {"day": day(seen.waits_until)},
        back=f"/users/{user_id}",
        form=form,
    )


@router.get("/users/{user_id}/enrolment-code")
@performs(Action.CHANGE_SIGN_IN_METHODS)
async def ask_code(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Show what an enrolment code is for, before one is made. Raises FailedPrecondition for a user who has a second
    factor.
    """
    async with reading(request) as (read, now):
        seen = await look_at_methods(read, session.caller, session.here, user_id, now)
    methods = methods_of(seen.factors)
    if methods:
        raise FailedPrecondition("This user has a second step. Reset the second steps first.")
    return ask(
        request,
        title=_("Enrolment code for %(name)s") % {"name": seen.user.display_name},
        lead=_("For somebody who you are sure is %(name)s.") % {"name": seen.user.user_principal_name},
        consequences=[
            _("The code is good for one sign-in within three days, together with the password."),
            _("From now on the password alone signs the user in no more, until a second step is set up."),
            _("Browsers in which the user is signed in are signed out."),
            _("An earlier code is void."),
        ],
        confirm=_("Make a code"),
        back=f"/users/{user_id}",
    )


@router.post("/users/{user_id}/enrolment-code")
@performs(Action.CHANGE_SIGN_IN_METHODS)
async def make_code(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Make an enrolment code, and show it this once."""
    form, back, hasher = await read_form(request), f"/users/{user_id}", deps_of(request).hasher
    async with once(request, session, form, back=back, again=f"{back}/enrolment-code") as (tx, now):
        user = await get_user_to_help(tx, session.caller, session.here, user_id, now)
        code = await give_enrolment_code(tx, hasher, session.caller, session.here, user_id, now)
    return _show_code(request, user, code)


def _show_code(request: Request, user: User, code: str) -> Response:
    return render(request, "users/enrolment_code.html", user=user, code=code)


@router.get("/users/{user_id}/phones/{users_number}/remove")
@performs(Action.CHANGE_SIGN_IN_METHODS)
async def ask_remove_phone(request: Request, session: SignedIn, user_id: UserId, users_number: str) -> Response:
    """Show what the user can no longer do with the number, before it is taken away. Raises NotFound when the user does
    not have it.
    """
    async with reading(request) as (read, now):
        seen = await look_at_methods(read, session.caller, session.here, user_id, now)
    if users_number not in {phone.number for phone in seen.numbers}:
        raise NotFound("phone number")
    return ask(
        request,
        title=_("Remove %(number)s from %(name)s") % {"number": users_number, "name": seen.user.display_name},
        lead=seen.user.user_principal_name,
        consequences=what_ends(users_number, seen.factors, is_own=False),
        confirm=_("Remove this number"),
        back=f"/users/{user_id}",
    )


@router.post("/users/{user_id}/phones/{users_number}/remove")
@performs(Action.CHANGE_SIGN_IN_METHODS)
async def remove_phone(request: Request, session: SignedIn, user_id: UserId, users_number: str) -> Response:
    """Take the number from the user, and lead back to the user's page."""
    form, back = await read_form(request), f"/users/{user_id}"
    async with once(request, session, form, back=back) as (tx, now):
        await remove_phone_of(tx, session.caller, session.here, user_id, users_number, now)
    return see_other(back)


def methods_text(methods: Iterable[Method]) -> str:
    """The names of these methods in a row, as in `passkeys, authenticator app`."""
    words = {
        Method.PASSKEY: _("passkeys"),
        Method.TOTP: _("authenticator app"),
        Method.PHONE: _("PINs by phone"),
        Method.RECOVERY_CODE: _("recovery codes"),
        Method.ENROLMENT_CODE: _("enrolment code"),
    }
    return ", ".join(words[method] for method in methods)
