"""A sign-in under way, as the browser holds it: after the first factor, before the session (sign_in_steps.py)."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote, urlencode

from fastapi import Request, Response

from tenantry.core.caller import in_person
from tenantry.core.clock import HOUR, SECOND
from tenantry.core.errors import NotFound
from tenantry.core.hiding import hiding
from tenantry.directory.own_factors import end_own_session
from tenantry.directory.sessions import NewSession, find_session
from tenantry.directory.sign_in_steps import STEP_LIFETIME, NextStep, find_sign_in
from tenantry.settings import Settings
from tenantry.store.engine.interface import Tx
from tenantry.store.sign_in.sign_ins import SignInUnderWay
from tenantry.surfaces.portal.authorize.authorization_request import MAX_AGE
from tenantry.surfaces.portal.frame.frame import see_other
from tenantry.surfaces.portal.frame.guard import cookie_name, local_path, set_session_cookie
from tenantry.surfaces.shared.cookies import cookie_of
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.origin import origin_of


@hiding("secret")
class UnderWay(NamedTuple):
    """The cookie's secret and what it leads to."""

    secret: str
    sign_in: SignInUnderWay


async def find_under_way(request: Request) -> UnderWay | None:
    """The sign-in of the request's cookie, unless it is over."""
    deps = deps_of(request)
    raw = cookie_of(request, _cookie_name(deps.settings))
    if not raw:
        return None
    async with deps.store.read() as read:
        found = await find_sign_in(read, deps.hasher, raw, deps.clock())
    return None if found is None else UnderWay(raw, found)


def go_on(request: Request, outcome: NewSession | NextStep, back: str | None = None) -> Response:
    """Lead to the next step, or signed in to where the person wanted to go: `back`, else the `next` of the address."""
    wanted = next_of(request) if back is None else back
    settings = deps_of(request).settings
    if isinstance(outcome, NextStep):
        response: Response = see_other(_with_back("/password" if outcome.must_change else "/second-factor", wanted))
        _set_cookie(response, settings, outcome.secret)
        return response
    response = see_other(wanted)
    set_session_cookie(response, settings, outcome.secret)
    response.delete_cookie(_cookie_name(settings), path="/", secure=_is_secure(settings), httponly=True)
    return response


async def leave_session(tx: Tx, request: Request) -> None:
    """End the session with which the browser came: the cookie is about to hold another one, after which nobody could
    end it.
    """
    deps = deps_of(request)
    now = deps.clock()
    left = await find_session(tx, deps.hasher, cookie_of(request, cookie_name(deps.settings)), now)
    if left is not None:
        caller = in_person(origin_of(request.scope), tenant_id=left.tenant_id, user_id=left.user_id)
        with suppress(NotFound):  # the session has ended meanwhile
            await end_own_session(tx, caller, left.id, now)


def next_of(request: Request) -> str:
    """Where to go after signing in: the local path in `next`, else the first page."""
    return local_path(request.query_params.get("next"))


def with_next(request: Request, path: str) -> str:
    """`path` with the same `next`."""
    return _with_back(path, next_of(request))


def demands_of(request: Request) -> dict[str, str]:
    """What a connector demands of the sign-in, as the pages' addresses carry it: `again`, `prompt=login`, `max_age`."""
    asked = request.query_params
    demands = {name: value for name, value in (("again", "1"), ("prompt", "login")) if asked.get(name) == value}
    if MAX_AGE.fullmatch(asked.get("max_age", "")):
        demands["max_age"] = asked["max_age"]
    return demands


def with_demands(request: Request, path: str) -> str:
    """`path` with the same `next` and demands."""
    path, demands = with_next(request, path), urlencode(demands_of(request))
    return f"{path}{'&' if '?' in path else '?'}{demands}" if demands else path


def _with_back(path: str, back: str) -> str:
    return path if back == "/" else f"{path}?next={quote(back, safe='')}"


def session_lifetime(settings: Settings) -> int:
    """How long a session lasts, in microseconds."""
    return settings.session_hours * HOUR


def browser_of(request: Request) -> str:
    """What the browser calls itself."""
    return request.headers.get("user-agent", "")


def _set_cookie(response: Response, settings: Settings, secret: str) -> None:
    response.set_cookie(
        _cookie_name(settings),
        secret,
        max_age=STEP_LIFETIME // SECOND,
        path="/",
        secure=_is_secure(settings),
        httponly=True,
        samesite="lax",
    )


def _cookie_name(settings: Settings) -> str:
    return "__Host-tenantry-sign-in" if _is_secure(settings) else "tenantry-sign-in"


def _is_secure(settings: Settings) -> bool:
    return settings.issuer.startswith("https:")
