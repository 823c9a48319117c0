"""Who calls: the access token of a request."""

from __future__ import annotations

from fastapi import Request
from msgspec.structs import replace

from tenantry.core.caller import Audience, Caller, Origin
from tenantry.core.clock import SECOND
from tenantry.core.errors import InvalidToken
from tenantry.store.engine import Read
from tenantry.surfaces.partner_center import errors
from tenantry.surfaces.shared.bearer import bearer_token
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.origin import origin_of
from tenantry.tokens.callers import authenticate
from tenantry.tokens.verify import WRONG_AUDIENCE


async def caller_of(request: Request) -> tuple[Deps, Caller]:
    """Who asks. Raises InvalidToken."""
    deps = deps_of(request)
    token = bearer_token(request.headers)
    if token is None:
        raise InvalidToken(errors.NO_TOKEN)
    async with deps.store.read() as read:
        caller = await _authenticate(read, deps, token, origin_of(request.scope))
    request.state.caller = caller
    return deps, caller


async def _authenticate(read: Read, deps: Deps, token: str, origin: Origin) -> Caller:
    """Raises InvalidToken. An app alone may come with a token for the directory graph, as the vendor's page asks for
    one (contract §1.2), to learn here that it needs a user; a user's token must be for Partner Center.
    """

    async def caller_for(audience: Audience) -> Caller:
        leeway = deps.settings.clock_leeway_seconds * SECOND
        return await authenticate(
            read,
            deps.keys,
            token,
            issuer=deps.settings.issuer,
            audience=audience,
            origin=origin,
            now=deps.clock(),
            leeway=leeway,
        )

    try:
        return await caller_for(Audience.PARTNER_CENTER)
    except InvalidToken as refused:
        if refused.reason != WRONG_AUDIENCE:
            raise
        caller = await caller_for(Audience.DIRECTORY_GRAPH)
        if caller.user_id is not None:
            raise refused from None
        return replace(caller, audience=Audience.PARTNER_CENTER)
