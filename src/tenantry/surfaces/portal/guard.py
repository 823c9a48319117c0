"""Who is signed in, and whether a form was really sent from our own page.

1. The session cookie's value routes itself (kind `ss`); the session is looked up on every page.
2. Without a live one: to `/sign-in?next=...`, and back afterwards. What a form held comes back too, see forms.py.
3. A form carries a token made from the cookie; besides, browsers say where a request comes from (Fetch Metadata).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request, Response

from tenantry.access.actions import RULES, Action, RoleId
from tenantry.core.caller import Caller, CallerKind
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.delegation.acting import find_standing
from tenantry.directory.roles import list_roles
from tenantry.directory.sessions import find_session
from tenantry.directory.tenants import get_tenant
from tenantry.settings import Settings
from tenantry.store.tenants import find_live
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.origin import origin_of

FORM_COOKIE = "tenantry-form"
"""A random value for forms that are shown before anybody has signed in."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user. `tenant_id` is the user's own, `acting_tenant` a customer a partner's user acts in, or None.

    `caller` is as whom domain functions see the user in this request: no connector stands between.
    """

    id: str
    caller: Caller
    tenant_id: TenantId
    user_id: UserId
    display_name: str
    user_principal_name: str
    amr: frozenset[str]
    authenticated_at: Micros
    tenant_name: str
    roles: frozenset[str]
    acting_tenant: TenantId | None = None
    acting_tenant_name: str = ""
    acting_roles: tuple[str, ...] = ()
    acting_until: Micros | None = None

    @property
    def here(self) -> TenantId:
        """The tenant whose things the pages show."""
        return self.acting_tenant or self.tenant_id

    @property
    def is_tenant_admin(self) -> bool:
        """Holds Global Administrator in the own tenant."""
        return RoleId.GLOBAL_ADMINISTRATOR in self.roles

    def may(self, action: Action) -> bool:
        """Whether the roles held here would do. For what pages offer; what is done, `access` decides."""
        needed = RULES[action].roles
        if self.acting_tenant is not None:
            return not needed.isdisjoint(self.acting_roles)
        return not needed or not needed.isdisjoint(self.roles)


class SignInNeeded(Exception):
    """Nobody is signed in. `back` is the local path to return to."""

    def __init__(self, back: str) -> None:
        self.back = back
        super().__init__(back)


class ProofNeeded(Exception):
    """The session has not proven the second factor that its user has. `back` is the local path to return to."""

    def __init__(self, back: str) -> None:
        self.back = back
        super().__init__(back)


class ForgedForm(Exception):
    """A form came from another site, or from a page of another session."""


def cookie_name(settings: Settings) -> str:
    """`__Host-` needs https; plain http is for a machine's own loopback, for trying out and for tests."""
    return "__Host-tenantry" if settings.issuer.startswith("https:") else "tenantry"


def set_session_cookie(response: Response, settings: Settings, value: str) -> None:
    """Lives as long as the browser; the session's own end is the server's to know."""
    _set_cookie(response, settings, cookie_name(settings), value)


def drop_session_cookie(response: Response, settings: Settings) -> None:
    """After signing out."""
    response.delete_cookie(cookie_name(settings), path="/", secure=settings.issuer.startswith("https:"), httponly=True)


def _set_cookie(response: Response, settings: Settings, name: str, value: str, max_age: int | None = None) -> None:
    secure = settings.issuer.startswith("https:")
    response.set_cookie(name, value, max_age, path="/", secure=secure, httponly=True, samesite="lax")


async def signed_in(request: Request) -> Session:
    """The session of the request's cookie. Raises SignInNeeded."""
    session = await find_signed_in(request)
    if session is None:
        raise SignInNeeded(path_of(request))
    return session


SignedIn = Annotated[Session, Depends(signed_in)]


async def find_signed_in(request: Request) -> Session | None:
    """Like `signed_in`, for pages that anybody may see. Remembers caller and session for `render` and refusals."""
    deps = deps_of(request)
    raw = request.cookies.get(cookie_name(deps.settings))
    if not raw:
        return None
    now = deps.clock()
    async with deps.store.read() as read:
        found = await find_session(read, deps.hasher, raw, now)
        if found is None:
            return None
        tenant = await get_tenant(read, found.tenant_id)
        acting = found.acting_tenant_id and await find_live(read, found.acting_tenant_id)
        held = await list_roles(read, found.tenant_id, found.user_id, now)
        roles = frozenset(role.role_id for role in held)
        standing = await find_standing(read, acting.id, found.tenant_id, roles, now) if acting else None
    amr = frozenset(found.amr.split())
    origin = origin_of(request.scope)
    session = Session(
        id=found.id,
        caller=Caller(CallerKind.USER, origin, tenant_id=found.tenant_id, user_id=found.user_id, amr=amr),
        tenant_id=found.tenant_id,
        user_id=found.user_id,
        display_name=found.display_name,
        user_principal_name=found.user_principal_name,
        amr=amr,
        authenticated_at=found.authenticated_at,
        tenant_name=tenant.name,
        roles=roles,
        acting_tenant=acting.id if acting and standing else None,
        acting_tenant_name=acting.name if acting and standing else "",
        acting_roles=standing.role_ids if standing else (),
        acting_until=standing.until if standing else None,
    )
    request.state.session = session
    request.state.caller = session.caller
    return session


def path_of(request: Request) -> str:
    """Path and query, as they were asked for. No host: that one is the client's to make up."""
    path = quote(request.scope["path"], safe="/:@!$&'()*+,;=~-._")
    query = request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def form_page_of(request: Request) -> str:
    """The page that held the form, as the browser says; a form that does not say is shown at its own address."""
    try:
        sender = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return path_of(request)
    if sender.netloc != request.headers.get("host") or not sender.path:
        return path_of(request)
    return local_path(f"{sender.path}?{sender.query}" if sender.query else sender.path)


def local_path(raw: str | None, otherwise: str = "/") -> str:
    """`raw` when it is a path on this server and nothing else, so that `next=` leads nowhere but here."""
    if not raw or not raw.startswith("/") or raw.startswith("//") or len(raw) > 2048:
        return otherwise
    if any(character <= " " or character in '\\"<>' or character >= "\x7f" for character in raw):
        return otherwise
    try:
        parts = urlsplit(raw)
    except ValueError:
        return otherwise
    return otherwise if parts.scheme or parts.netloc else raw


def form_token(request: Request) -> str:
    """What a form must carry to be believed. Changes with the session."""
    deps = deps_of(request)
    seed = request.cookies.get(cookie_name(deps.settings)) or form_seed(request)
    return deps.hasher.hash(f"form {seed}").hex()[:32]


def form_seed(request: Request) -> str:
    """The value of FORM_COOKIE; a new one, which `render` sets, when the browser has none."""
    seed = request.cookies.get(FORM_COOKIE) or getattr(request.state, "form_seed", None)
    if not seed:
        seed = request.state.form_seed = secrets.token_urlsafe(24)
    return str(seed)


def check_form(request: Request, token: str) -> None:
    """Raises ForgedForm unless the form came from a page of ours, of this session."""
    if comes_from_elsewhere(request):
        raise ForgedForm
    if not hmac.compare_digest(token.encode("utf-8", "replace"), form_token(request).encode()):
        raise ForgedForm


def comes_from_elsewhere(request: Request) -> bool:
    """What the browser says of the page that sent it. Neither header: not a browser of today; the token decides."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    sender = request.headers.get("origin")
    try:
        return sender is not None and urlsplit(sender).netloc != request.headers.get("host")
    except ValueError:
        return True
