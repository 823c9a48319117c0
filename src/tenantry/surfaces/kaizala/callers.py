"""Who calls: the access token of a request, and how often its connector and tenant may call."""

from __future__ import annotations

from tenantry.core.caller import Audience, Caller, Reach
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.errors import InvalidToken, NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.surfaces.kaizala.errors import NO_TOKEN
from tenantry.surfaces.operation import Ask, Operation
from tenantry.surfaces.shared.answers import header
from tenantry.surfaces.shared.bearer import bearer_token_of
from tenantry.surfaces.shared.budgets import spend
from tenantry.surfaces.shared.deps import Deps
from tenantry.tokens.callers import authenticate


async def caller_of(ask: Ask, operation: Operation) -> Caller:
    """Authenticate the caller, who has a tenant, and count the call.

    The token comes in `accessToken`; two known clients send `Authorization: Bearer`. Raises InvalidToken, RateLimited.
    Source: contract 3.0 (auth header, throttling).
    """
    deps = ask.deps
    raw_token = header(ask.scope, b"accesstoken") or bearer_token_of(ask.scope)
    if not raw_token:
        raise InvalidToken(NO_TOKEN)
    async with deps.store.read() as read:
        caller = await authenticate(
            read,
            deps.keys,
            raw_token,
            issuer=deps.settings.issuer,
            audience=Audience.KAIZALA,
            origin=ask.origin,
            now=ask.now,
            leeway=deps.settings.clock_leeway_seconds * SECOND,
        )
    if caller.tenant_id is None:
        raise NotFound("tenant")
    throttle(deps, caller.connector_id or "", caller.tenant_id, caller.user_id, caller.reach)
    who = (caller.tenant_id, caller.subject)
    spend(deps, operation.action, operation.method, who, caller.tenant_id, administers=caller.reach is Reach.TENANT)
    return caller


def throttle(deps: Deps, connector_id: str, tenant_id: TenantId, user_id: UserId | None, reach: Reach | None) -> None:
    """Count one call (contract 3.0, §6 #37). The connector is counted first: its calls beyond its limit do not count
    against its tenant.

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
