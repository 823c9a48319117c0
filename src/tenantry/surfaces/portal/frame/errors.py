"""What a person sees when a page cannot be shown: one table of errors, and pages that say what to do next."""

from __future__ import annotations

from contextlib import suppress
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from tenantry.access.decision import Reason
from tenantry.core import errors
from tenantry.core.caller import Caller
from tenantry.core.errors import DomainError, RateLimited, StoreBusy
from tenantry.core.ids import parse_guid
from tenantry.core.log import get_logger
from tenantry.delegation.acting import find_customer_name
from tenantry.surfaces.portal.frame.form_tokens import ForgedForm
from tenantry.surfaces.portal.frame.forms import SentTwice, keep_draft, read_late_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import (
    ActingEnded,
    ProofNeeded,
    Session,
    ShownElsewhere,
    SignInNeeded,
    find_signed_in,
    form_page_of,
    path_of,
)
from tenantry.surfaces.portal.frame.routing import answering_no_route
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.denials import note_denial
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.origin import origin_of

NEVER: Final = None
"""In the table: an error of this kind does not reach the portal. If it does, it is answered as 500 and logged
in full.
"""

TABLE: dict[type[DomainError], int | None] = {
    errors.InvalidValue: 400,
    errors.PayloadTooLarge: 413,
    errors.UnknownCoding: 415,
    errors.HeaderTooLarge: 431,
    errors.AddressTooLong: 414,
    errors.NotFound: 404,
    errors.AlreadyExists: 409,
    errors.FailedPrecondition: 409,
    errors.VersionMismatch: 409,
    errors.Forbidden: 403,
    errors.AppOnlyRefused: NEVER,
    errors.MfaRequired: 403,
    errors.BadCredentials: 403,
    errors.InvalidClient: 403,
    errors.InvalidGrant: 403,
    errors.InvalidToken: 403,
    errors.InvalidScope: 400,
    errors.UnsupportedGrantType: NEVER,
    errors.RateLimited: 429,
    errors.DeviceLimitExceeded: 409,
    errors.DeviceTokenUsed: NEVER,
    errors.DeviceTokenExpired: NEVER,
    errors.DeviceTokenNotFound: NEVER,
    errors.StoreBusy: 503,
    errors.StoreUnavailable: 503,
}

_log = get_logger()


def install(app: FastAPI) -> None:
    """Let the application answer with pages whatever happens."""
    app.add_exception_handler(DomainError, _show_refusal)  # type: ignore[arg-type]
    app.add_exception_handler(SignInNeeded, _ask_to_sign_in)  # type: ignore[arg-type]
    app.add_exception_handler(ProofNeeded, _ask_to_prove)  # type: ignore[arg-type]
    app.add_exception_handler(ForgedForm, _show_forged)  # type: ignore[arg-type]
    app.add_exception_handler(ShownElsewhere, _show_elsewhere)  # type: ignore[arg-type]
    app.add_exception_handler(ActingEnded, _show_acting_ended)  # type: ignore[arg-type]
    app.add_exception_handler(SentTwice, _show_sent_twice)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _show_absent)
    app.add_exception_handler(HTTPException, answering_no_route(_show_no_route))


async def _show_refusal(request: Request, error: DomainError) -> Response:
    status = TABLE.get(type(error))
    if status is None:
        return show_bug(request, error)
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is not None:
        await note_denial(deps_of(request), caller, error)
    if isinstance(error, errors.MfaRequired) and getattr(request.state, "session", None) is not None:
        return _to_second_factor(request, form_page_of(request) if request.method == "POST" else path_of(request))
    title = {
        403: _("You may not do this"),
        404: _("There is no such page"),
        409: _("This cannot be done now"),
        413: _("That is too large"),
        414: _("That is too large"),
        431: _("That is too large"),
        429: _("Too many tries"),
        503: _("The server is busy"),
    }.get(status, _("This did not work"))
    text = _("It may have been removed, or it belongs to another organisation.") if status == 404 else _(error.public)
    if isinstance(error, errors.Forbidden) and error.reason == Reason.ROLE_MISSING:
        text = _lacking_role(request)
    elif isinstance(error, errors.Forbidden) and error.reason == Reason.BEYOND_RELATIONSHIP:
        text = _(
            "Who acts for another organisation gives no role that the relationship does not give, changes no account "
            "that holds one, and decides nothing about its administrators, sign-in, domains and partners. Ask one of "
            "its own Global Administrators."
        )
    page = await _page(request, status, title, text)
    if isinstance(error, StoreBusy | RateLimited):
        page.headers["Retry-After"] = str(error.retry_after)
    return page


def _lacking_role(request: Request) -> str:
    """A sentence on the role that is missing, and on whom to ask."""
    session: Session | None = getattr(request.state, "session", None)
    if session is not None and session.acting_tenant is not None:
        return _("The roles in which you act for %(tenant)s do not allow it.") % {"tenant": session.acting_tenant_name}
    return _("You hold no role that allows it. A Global Administrator of your organisation can give you one.")


async def _ask_to_sign_in(request: Request, error: SignInNeeded) -> Response:
    """Lead to the sign-in page, and back from it with what a form held, see forms.keep_draft."""
    back = form_page_of(request) if request.method == "POST" else error.back
    address = f"/sign-in?next={quote(back, safe='')}"
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": address})
    response = see_other(address)
    if request.method == "POST":
        try:
            is_secure = deps_of(request).settings.issuer.startswith("https:")
            keep_draft(response, back.partition("?")[0], await read_late_form(request), is_secure=is_secure)
        except (DomainError, ForgedForm):
            return response
    return response


async def _ask_to_prove(request: Request, error: ProofNeeded) -> Response:
    return _to_second_factor(request, error.back)


def _to_second_factor(request: Request, back: str) -> Response:
    """Lead to the page that asks for a second factor, and back. A user who has none is led to set one up."""
    address = f"/second-factor?next={quote(back, safe='')}"
    if request.headers.get("hx-request"):
        return Response(status_code=403, headers={"HX-Redirect": address})
    return see_other(address)


async def _show_forged(request: Request, _error: ForgedForm) -> HTMLResponse:
    text = _(
        "The form was too old, or shown before somebody signed in anew, or another site sent it. Nothing was changed. "
        "Open the page again and send the form from there."
    )
    return await _page(request, 403, _("This form is not from here"), text, form_page_of(request), _("Open it again"))


async def _show_elsewhere(request: Request, error: ShownElsewhere) -> Response:
    """Say which tenant the page showed, which one the session is in now, and where to go on. When a part of a page was
    asked for, let the browser ask for the whole page.
    """
    session: Session = request.state.session
    if request.headers.get("hx-request"):
        return Response(status_code=409, headers={"HX-Refresh": "true"})
    is_own = error.shown == session.tenant_id
    shown = session.tenant_name
    if not is_own and parse_guid(error.shown):
        async with deps_of(request).store.read() as read:
            shown = await find_customer_name(read, session.caller, error.shown, deps_of(request).clock())
    here = session.acting_tenant_name or session.tenant_name
    names = {"shown": shown or error.shown, "here": here}
    text = _(
        "The page was shown for %(shown)s. By now you are in %(here)s: you went there in another tab, or signed in "
        "anew. Nothing was changed in either."
    )
    back = _("Go back to %(tenant)s") % {"tenant": session.tenant_name}
    act = _("Act for %(customer)s") % {"customer": names["shown"]}
    other = ("/customers/leave", back) if is_own else (f"/customers/{error.shown}/act", act)
    title = _("This was for %(shown)s") % names
    return await _page(request, 409, title, text % names, error.back, _("Open it for %(here)s") % names, other)


async def _show_acting_ended(request: Request, _error: ActingEnded) -> Response:
    if request.headers.get("hx-request"):
        return Response(status_code=409, headers={"HX-Refresh": "true"})
    session: Session = request.state.session
    names = {"customer": session.acting_tenant_name, "tenant": session.tenant_name}
    text = _(
        "What let you act there is over: they or your organisation ended it, its time has come, or the role is no "
        "longer yours. Nothing was changed, there or in %(tenant)s."
    )
    title, label = _("You no longer act for %(customer)s") % names, _("Go back to %(tenant)s") % names
    see = (f"/customers/{session.acting_tenant}", _("See what you may do there"))
    return await _page(request, 404, title, text % names, "/customers/leave", label, see)


async def _show_sent_twice(request: Request, error: SentTwice) -> HTMLResponse:
    if error.again:
        text = _(
            "It was made the first time, and shown once, in the answer to that. Nothing was made now. If you did not "
            "store what was shown, make another."
        )
        title, again = _("This was made already"), (error.again, _("Make another"))
        return await _page(request, 409, title, text, error.back, _("See what it made"), again)
    text = _("It was carried out the first time, and nothing was done now.")
    return await _page(request, 409, _("This form was sent before"), text, error.back, _("See what it made"))


async def _show_absent(request: Request, _error: Exception | None) -> HTMLResponse:
    with suppress(DomainError):
        await find_signed_in(request)
    return show_absent(request)


def show_absent(request: Request) -> HTMLResponse:
    """The page for an address where nothing is; without a menu, unless the session is known already."""
    text = _("It may have been removed, or it belongs to another organisation.")
    title = _("There is no such page")
    return render(request, "frame/error.html", 404, title=title, text=text, back="/", back_label="")


async def _show_no_route(request: Request, allowed: list[str]) -> HTMLResponse:
    if allowed:
        return await _page(request, 405, _("This page takes no forms"), _("Go back and try from the page itself."))
    return await _show_absent(request, None)


def show_bug(request: Request, error: Exception) -> HTMLResponse:
    """The page for a bug: it has the number under which the log has everything, and nothing else."""
    correlation_id = origin_of(request.scope).correlation_id
    path = ascii(request.scope["path"])[1:-1]
    _log.error("unexpected error", path=path, correlation_id=correlation_id, exc_info=error)
    text = _("It is our fault. The log says more under the number %(id)s.") % {"id": correlation_id}
    return render(request, "frame/error.html", 500, title=_("Something went wrong"), text=text, back="/", back_label="")


async def _page(
    request: Request,
    status: int,
    title: str,
    text: str,
    back: str = "/",
    back_label: str = "",
    other: tuple[str, str] | None = None,
) -> HTMLResponse:
    """A page for an error, with the menu when somebody is signed in, whatever the route asked for. `other`: one more
    address, and its label.
    """
    if getattr(request.state, "session", None) is None:
        with suppress(DomainError):
            await find_signed_in(request)
    return render(
        request, "frame/error.html", status, title=title, text=text, back=back, back_label=back_label, other=other
    )
