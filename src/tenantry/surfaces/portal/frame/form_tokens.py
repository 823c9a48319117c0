"""The token against forged forms (CSRF): it proves that a form is of a page of ours and of this session, and names the
tenant that the page showed.

The token is a keyed hash, and then the tenant in clear. So the form names the tenant that its page showed, whatever
other tabs did meanwhile. Besides, browsers say where a request comes from (Fetch Metadata).
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import Request

from tenantry.core.ids import TenantId
from tenantry.surfaces.portal.frame.guard import (
    ActingEnded,
    Session,
    ShownElsewhere,
    cookie_name,
    find_signed_in,
    form_page_of,
)
from tenantry.surfaces.shared.cookies import cookie_of
from tenantry.surfaces.shared.deps import deps_of

FORM_COOKIE = "tenantry-form"
"""The cookie with a random value for forms that are shown before anybody has signed in."""
_HASH = 32
"""How many characters the hash has."""


class ForgedForm(Exception):
    """A form came from another site, or from a page of another session."""


def form_token(request: Request) -> str:
    """The token for the forms of this response."""
    session: Session | None = getattr(request.state, "session", None)
    if session is None:
        return _tokens(request, _form_seed(request), "")[0]
    return _tokens(request, cookie_of(request, cookie_name(deps_of(request).settings)), session.here)[0]


async def check_form(request: Request, token: str, *, before_sign_in: bool = False, leaves: bool = False) -> None:
    """Raise ForgedForm unless the form came from a page of ours, of this session; ShownElsewhere when that page showed
    another tenant than the one in which the session is now; ActingEnded unless the form `leaves` the customer.

    `before_sign_in`: a form that was shown before anybody had signed in is taken too; and while nobody has, the
    browser's word is enough, since of two tabs opened at once only one keeps its FORM_COOKIE.
    """
    if before_sign_in and not comes_from_elsewhere(request) and was_shown_before_sign_in(request, token):
        return
    session: Session | None = getattr(request.state, "session", None) or await find_signed_in(request)
    if before_sign_in and session is None and request.headers.get("sec-fetch-site") == "same-origin":
        return
    check_sender(request, token)
    if session is None:
        raise ForgedForm
    if shown_in(token) != session.here:
        raise ShownElsewhere(shown_in(token), form_page_of(request))
    if session.acting_ended and not leaves:
        raise ActingEnded


def check_sender(request: Request, token: str) -> None:
    """Raise ForgedForm unless the form came from a page of ours, of the cookie's session, which may have ended."""
    seed = cookie_of(request, cookie_name(deps_of(request).settings)) or _form_seed(request)
    if comes_from_elsewhere(request) or not _is_one_of(token, _tokens(request, seed, shown_in(token))):
        raise ForgedForm


def was_shown_before_sign_in(request: Request, token: str) -> bool:
    """Whether the form is of a page that this browser was shown while nobody was signed in."""
    seed = cookie_of(request, FORM_COOKIE)
    return bool(seed) and _is_one_of(token, _tokens(request, seed, ""))


def shown_in(token: str) -> TenantId:
    """The tenant that the token names; empty when it names none. It is believed only together with its hash."""
    return TenantId(token[_HASH:])


def comes_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another site sent the form. Old browsers say nothing, in which case the token
    decides.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    sender = request.headers.get("origin")
    try:
        return sender is not None and urlsplit(sender).netloc != request.headers.get("host")
    except ValueError:
        return True


def _tokens(request: Request, seed: str, shown: str) -> list[str]:
    """The hashes by each pepper, the newest first."""
    return [each.hex()[:_HASH] + shown for each in deps_of(request).hasher.hashes(f"form {shown} {seed}")]


def _form_seed(request: Request) -> str:
    """The value of FORM_COOKIE; a new one, which `render` sets, when the browser has none."""
    seed = cookie_of(request, FORM_COOKIE) or getattr(request.state, "form_seed", None)
    if not seed:
        seed = request.state.form_seed = secrets.token_urlsafe(24)
    return str(seed)


def _is_one_of(given: str, right: list[str]) -> bool:
    raw = given.encode("utf-8", "replace")
    return any(hmac.compare_digest(raw, each.encode("utf-8", "replace")) for each in right)
