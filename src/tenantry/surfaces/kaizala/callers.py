"""Who calls: the access token of a request, and how often its connector and tenant may call."""

from __future__ import annotations

from starlette.requests import Request

from tenantry.core.caller import Audience, Caller, Reach
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.errors import InvalidToken, NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.surfaces.kaizala.errors import NO_TOKEN
from tenantry.surfaces.shared.bearer import bearer_token
from tenantry.surfaces.shared.budgets import spend
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.origin import origin_of
from tenantry.tokens.callers import authenticate


async def caller_of(request: Request) -> tuple[Caller, TenantId]:
    """The proven caller and its tenant. Source: contract 3.0 (auth header, throttling).

    The token comes in `accessToken`; two known clients send `Authorization: Bearer`. Raises InvalidToken, RateLimited.
    """
    deps = deps_of(request)
    raw_token = request.headers.get("accesstoken", "").strip() or bearer_token(request.headers)
    if not raw_token:
        raise InvalidToken(NO_TOKEN)
    async with deps.store.read() as read:
        caller = await authenticate(
            read,
            deps.keys,
            raw_token,
            issuer=deps.settings.issuer,
            audience=Audience.KAIZALA,
            origin=origin_of(request.scope),
            now=deps.clock(),
            leeway=deps.settings.clock_leeway_seconds * SECOND,
        )
    if caller.tenant_id is None:
        raise NotFound("tenant")
    request.state.caller = caller
    throttle(deps, caller.connector_id or "", caller.tenant_id, caller.user_id, caller.reach)
    who = (caller.tenant_id, caller.subject)
    spend(deps, request, who, caller.tenant_id, administers=caller.reach is Reach.TENANT)
    return caller, caller.tenant_id


def throttle(deps: Deps, connector_id: str, tenant_id: TenantId, user_id: UserId | None, reach: Reach | None) -> None:
    """Count one call (contract 3.0, §6 #37). The connector first: what it has too much does not burden its tenant.

    Anybody may give tokens: of the tenant's calls of the minute one giver's apps have a third, or what one connector
    has. All such givers have two thirds together, and the last sixth of these are for who had few yet. The rest is for
    tokens that reach the whole organisation, which administrators give. An exchange (`reach` None) is counted for its
    giver, and may use all there is. Raises RateLimited.
    """
    limits, of_connector = deps.limits, deps.settings.kaizala_calls_per_connector_per_minute
    of_tenant = deps.settings.kaizala_calls_per_tenant_per_minute
    limits.hit("kaizala connector", connector_id, limit=of_connector, window=MINUTE)
    if reach is not Reach.TENANT:
        of_owner = max(of_connector, of_tenant // 3)
        had = limits.hit("kaizala owner", tenant_id, user_id or "", limit=of_owner, window=MINUTE)
        if reach is not None:
            of_tenant = of_tenant * 2 // 3 if had <= of_tenant // 10 else of_tenant // 2
    limits.hit("kaizala tenant", tenant_id, limit=of_tenant, window=MINUTE)
