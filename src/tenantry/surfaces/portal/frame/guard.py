"""Which user is signed in, and in which tenant: the user's own, or a customer.

1. The session cookie's value routes itself (kind `ss`); the session is looked up on every page.
2. Without a live session, a page leads to `/sign-in?next=...`, and back afterwards. What a form held comes back too,
   see forms.py.
3. Acting in a customer goes on until the user leaves it. When it may not go on, pages say so and show nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request, Response

from tenantry.access.actions import RULES, Action, RoleId
from tenantry.access.standing import counted_elsewhere
from tenantry.core.caller import Caller, in_person
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.delegation.acting import find_acting
from tenantry.directory.roles import action_over, list_role_assignments
from tenantry.directory.sessions import find_session
from tenantry.directory.tenants import get_tenant
from tenantry.settings import Settings
from tenantry.surfaces.shared.budgets import spend
from tenantry.surfaces.shared.cookies import cookie_of
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import action_of

SHOWN_HEADER = "tenantry-shown"
"""The header in which a page's script names the tenant that the page shows, when it fetches a part of a page."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user. `tenant_id` is the user's own; `acting_tenant` is the customer in which a partner's user acts,
    or None. `caller` is how domain functions see the user in this request: no connector stands between.
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
    own_roles: frozenset[str] = frozenset()
    """Those of `roles` that count in customers, see `counted_elsewhere`."""
    acting_tenant: TenantId | None = None
    acting_tenant_name: str = ""
    acting_roles: tuple[str, ...] = ()
    acting_until: Micros | None = None
    acting_ended: bool = False
    """The user may not go on acting: the relationship is over, the customer disabled, the role gone. Pages show no
    data.
    """
    added_factor: bool = False
    """The user's first second factor was set up in this session. To prove that one, the user signs in again."""

    @property
    def here(self) -> TenantId:
        """The tenant whose things the pages show; that of a customer until it is left, see `acting_ended`."""
        return self.acting_tenant or self.tenant_id

    @property
    def is_tenant_admin(self) -> bool:
        """Whether the user holds Global Administrator in the own tenant."""
        return RoleId.GLOBAL_ADMINISTRATOR in self.roles

    def may(self, action: Action) -> bool:
        """Whether the roles in this tenant are enough. It decides only what pages offer; `access` decides what
        is done.
        """
        needed = RULES[action].roles
        if self.acting_tenant is not None:
            return not RULES[action].own_only and not needed.isdisjoint(self.acting_roles)
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


class ActingEnded(Exception):
    """The session acts in a customer in which its user may do nothing any more."""


class ShownElsewhere(Exception):
    """A form, a draft or a part of a page belongs to a page of the tenant `shown`, and the session is in another."""

    def __init__(self, shown: TenantId, back: str) -> None:
        self.shown = shown
        self.back = back
        super().__init__(shown)


def cookie_name(settings: Settings) -> str:
    """`__Host-` needs https; plain http is for a machine's own loopback, for trying out and for tests."""
    return "__Host-tenantry" if settings.issuer.startswith("https:") else "tenantry"


def set_session_cookie(response: Response, settings: Settings, value: str) -> None:
    """Set the cookie, which lives as long as the browser; the server knows when the session itself ends."""
    _set_cookie(response, settings, cookie_name(settings), value)


def drop_session_cookie(response: Response, settings: Settings) -> None:
    """Delete the cookie, after signing out."""
    response.delete_cookie(cookie_name(settings), path="/", secure=settings.issuer.startswith("https:"), httponly=True)


def _set_cookie(response: Response, settings: Settings, name: str, value: str, max_age: int | None = None) -> None:
    secure = settings.issuer.startswith("https:")
    response.set_cookie(name, value, max_age, path="/", secure=secure, httponly=True, samesite="lax")


async def signed_in(request: Request) -> Session:
    """The session of the request's cookie. Raises SignInNeeded, ActingEnded, ShownElsewhere."""
    session = await signed_in_anywhere(request)
    if session.acting_ended:
        raise ActingEnded
    shown = request.headers.get(SHOWN_HEADER)
    if shown is not None and shown != session.here:
        raise ShownElsewhere(TenantId(shown), path_of(request))
    return session


async def signed_in_anywhere(request: Request) -> Session:
    """The session, for pages of one's own, whatever tenant the others show. Raises SignInNeeded."""
    session = await find_signed_in(request)
    if session is None:
        raise SignInNeeded(path_of(request))
    who = (session.tenant_id, session.caller.subject)
    administers = action_over([*session.roles, *session.acting_roles]) is not None
    action = action_of(request.scope["endpoint"])
    if action is not None:
        spend(deps_of(request), action, request.method, who, session.here, administers=administers)
    return session


SignedIn = Annotated[Session, Depends(signed_in)]
SignedInAnywhere = Annotated[Session, Depends(signed_in_anywhere)]


async def find_signed_in(request: Request) -> Session | None:
    """Like `signed_in`, for pages that anybody may see. Remembers caller and session for `render` and refusals."""
    deps = deps_of(request)
    raw = cookie_of(request, cookie_name(deps.settings))
    if not raw:
        return None
    now = deps.clock()
    async with deps.store.read() as read:
        found = await find_session(read, deps.hasher, raw, now)
        if found is None:
            return None
        amr = frozenset(found.amr.split())
        caller = in_person(origin_of(request.scope), tenant_id=found.tenant_id, user_id=found.user_id, amr=amr)
        tenant = await get_tenant(read, caller, found.tenant_id, now)
        held = await list_role_assignments(read, caller, found.tenant_id, found.user_id, now)
        roles = frozenset(role.role_id for role in held)
        own_roles = counted_elsewhere(held)
        acting_id = found.acting_tenant_id
        acting = await find_acting(read, caller, acting_id, own_roles, now) if acting_id else None
    session = Session(
        id=found.id,
        caller=caller,
        tenant_id=found.tenant_id,
        user_id=found.user_id,
        display_name=found.display_name,
        user_principal_name=found.user_principal_name,
        amr=amr,
        authenticated_at=found.authenticated_at,
        tenant_name=tenant.name,
        roles=roles,
        own_roles=own_roles,
        acting_tenant=acting_id,
        acting_tenant_name=acting.name if acting else "",
        acting_roles=acting.roles if acting else (),
        acting_until=acting.until if acting else None,
        acting_ended=acting is not None and not acting.roles,
        added_factor=bool(found.added_factor),
    )
    request.state.session = session
    request.state.caller = session.caller
    return session


def path_of(request: Request) -> str:
    """Path and query, as they were asked for, without the host, which a client can make up."""
    path = quote(request.scope["path"], safe="/:@!$&'()*+,;=~-._")
    query = request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def form_page_of(request: Request) -> str:
    """The address of the page that held the form, as the browser says; when it does not say, the form's own address."""
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
