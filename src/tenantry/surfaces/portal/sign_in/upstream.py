"""Users sign in with an account at their tenant's own provider: they choose the tenant, go to its provider, and come
back.

The way to the provider is a link and no form, so that the policy for forms (`form-action`) stays closed. A limit counts
by client address, since each departure makes this server call the provider.
"""

from __future__ import annotations

import hashlib
import re

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from tenantry.access.actions import Action
from tenantry.core.caller import in_person
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.errors import BadCredentials, NotFound
from tenantry.core.ids import TenantId, parse_guid
from tenantry.directory.identity_providers import CALLBACK, callback_of, list_offered_providers
from tenantry.directory.provider_accounts import Arrival
from tenantry.directory.sessions import NewSession, SessionTerms
from tenantry.directory.sign_in_steps import begin_sign_in
from tenantry.directory.tenants import resolve_tenant
from tenantry.directory.upstream import LIFETIME, REFUSED, begin_upstream, finish_upstream
from tenantry.surfaces.portal.frame.forms import Form
from tenantry.surfaces.portal.frame.frame import render
from tenantry.surfaces.portal.frame.guard import local_path
from tenantry.surfaces.portal.sign_in.under_way import (
    browser_of,
    demands_of,
    go_on,
    leave_session,
    next_of,
    session_lifetime,
    with_demands,
)
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.cookies import cookie_names, cookie_of
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import performs

PER_MINUTE = 30
MOST_TABS = 8
"""How many sign-ins of one browser may be at providers at once; a further one drops the cookie of the oldest."""
_TAG = re.compile("[0-9a-f]{12}")
_ANSWER = ("state", "code", "iss", "error")
"""The parameters of an answer that are read; others are the provider's own."""

router = APIRouter()


@router.get("/sign-in/organisation")
@performs(Action.SIGN_IN)
async def choose_organisation(request: Request) -> Response:
    """Show the providers of the tenant that a domain or an e-mail address leads to."""
    deps = deps_of(request)
    form = Form({"domain": [request.query_params.get("domain", "")]})
    typed = form.text("domain", max_length=260)
    tenant_id: TenantId | None = None
    providers: list[tuple[str, str]] = []
    if typed and not form.errors:
        _limit(deps, origin_of(request.scope).address)
        async with deps.store.read() as read:
            tenant_id = await resolve_tenant(read, typed.rpartition("@")[2].lower())
            providers = await list_offered_providers(read, tenant_id) if tenant_id else []
        if not providers:
            form.fail("domain", _("No organisation of this domain signs in with accounts of its own."))
    return render(
        request,
        "sign_in/organisation.html",
        form=form,
        wanted=next_of(request),
        demands=demands_of(request),
        by_password=with_demands(request, "/sign-in"),
        providers=[(name, with_demands(request, f"/sign-in/at/{tenant_id}/{id_}")) for id_, name in providers],
    )


@router.get("/sign-in/at/{tenant}/{provider_id}")
@performs(Action.SIGN_IN)
async def leave(request: Request, tenant: str, provider_id: str) -> Response:
    """Send the browser to the provider, with a state that only this browser knows."""
    deps = deps_of(request)
    tenant_id, provider = parse_guid(tenant), parse_guid(provider_id)
    if tenant_id is None or provider is None:
        raise NotFound("identity provider")
    _limit(deps, origin_of(request.scope).address)
    demands = demands_of(request)
    departure = await begin_upstream(
        deps.store,
        deps.http,
        deps.hasher,
        tenant_id=TenantId(tenant_id),
        provider_id=provider,
        root=deps.settings.issuer,
        back=next_of(request),
        prompt="login" if "prompt" in demands else None,
        max_age=int(demands["max_age"]) * SECOND if "max_age" in demands else None,
        origin=origin_of(request.scope),
        now=deps.clock(),
    )
    response = RedirectResponse(departure.address, 303)
    prefix = _cookie_prefix(deps)
    left = [name for name in cookie_names(request, prefix) if _TAG.fullmatch(name.removeprefix(prefix))]
    for name in left[: -MOST_TABS + 1]:
        response.delete_cookie(name, path="/", secure=_is_secure(deps), httponly=True)
    response.set_cookie(
        _cookie_name(deps, departure.state),
        departure.state,
        max_age=LIFETIME // SECOND,
        path="/",
        secure=_is_secure(deps),
        httponly=True,
        samesite="lax",
    )
    return response


@router.get(CALLBACK + "/{tenant}/{provider_id}")
@performs(Action.SIGN_IN)
async def come_back(request: Request, tenant: str, provider_id: str) -> Response:
    """Take the provider's answer, at the provider's own address, and go on to the second factor, or sign in."""
    deps = deps_of(request)
    return await _come_back(request, callback_of(deps.settings.issuer, TenantId(tenant), provider_id))


@router.get(CALLBACK)
@performs(Action.SIGN_IN)
async def come_back_as_before(request: Request) -> Response:
    """The same, for providers from before each had an address of its own."""
    return await _come_back(request, deps_of(request).settings.issuer + CALLBACK)


async def _come_back(request: Request, arrived_at: str) -> Response:
    deps, origin = deps_of(request), origin_of(request.scope)
    query = request.query_params
    if any(len(query.getlist(name)) > 1 for name in _ANSWER):
        raise BadCredentials("parameter_repeated", REFUSED)
    answer = {name: query[name] for name in _ANSWER if name in query}
    cookie_name = _cookie_name(deps, answer.get("state", ""))
    arrival = await finish_upstream(
        deps.store,
        deps.http,
        deps.hasher,
        deps.master_key,
        kept_state=cookie_of(request, cookie_name),
        answer=answer,
        root=deps.settings.issuer,
        arrived_at=arrived_at,
        leeway=deps.settings.clock_leeway_seconds * SECOND,
        origin=origin,
        now=deps.clock(),
    )
    response = await _enter(request, arrival)
    response.delete_cookie(cookie_name, path="/", secure=_is_secure(deps), httponly=True)
    return response


async def _enter(request: Request, arrival: Arrival) -> Response:
    deps, user = deps_of(request), arrival.user
    origin = origin_of(request.scope)
    caller = in_person(origin, tenant_id=user.tenant_id, user_id=user.id, amr=arrival.amr)
    async with deps.store.write() as tx:
        outcome = await begin_sign_in(
            tx,
            deps.hasher,
            caller,
            terms=SessionTerms(
                tenant_id=user.tenant_id,
                user_id=user.id,
                amr=arrival.amr,
                browser=browser_of(request),
                lifetime=session_lifetime(deps.settings),
                authenticated_at=arrival.authenticated_at,
            ),
            must_change=False,
            now=deps.clock(),
        )
        if isinstance(outcome, NewSession):
            await leave_session(tx, request)
    return go_on(request, outcome, local_path(arrival.back))


def _limit(deps: Deps, address: str) -> None:
    deps.limits.hit_from(address, "upstream", limit=PER_MINUTE, window=MINUTE)


def _cookie_name(deps: Deps, state: str) -> str:
    """The name of the cookie, which each departure has of its own, so that several tabs may be at the provider
    at once.
    """
    return _cookie_prefix(deps) + hashlib.sha256(state.encode()).hexdigest()[:12]


def _cookie_prefix(deps: Deps) -> str:
    return "__Host-tenantry-upstream-" if _is_secure(deps) else "tenantry-upstream-"


def _is_secure(deps: Deps) -> bool:
    return deps.settings.issuer.startswith("https:")
