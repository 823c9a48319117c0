"""Authenticates the caller of a request by its access token, and limits how often a connector and a tenant may call."""

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
    Source: Kaizala contract §3.0 (authentication, limits).
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
    """Count one call (Kaizala contract §3.0, §6 #37). Raises RateLimited.

    The connector is counted first, so that its calls beyond its limit do not count against its tenant.

    Any user may give a connector a token, and nobody's connectors shall use up the tenant's calls of a minute. So the
    connectors of one user have a third of them, or as many as one connector may make. The connectors of all such users
    have two thirds together; of these the last sixth is kept for users whose connectors have called little in this
    minute. The remaining third is for tokens that reach the whole tenant, which administrators give. The exchange of a
    refresh token (`reach` is None) counts for the user who gave it, and may take from all of the tenant's calls.
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
