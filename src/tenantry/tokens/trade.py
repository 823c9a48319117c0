"""One access token for another of a different audience: same subject, grant and methods, and never a longer life.

Source: Partner Center contract §1.2 (`generatetoken`).
"""

from __future__ import annotations

from collections.abc import Collection

from tenantry.audit.events import AccessTokenIssued
from tenantry.audit.record import record
from tenantry.core.caller import Audience, Origin
from tenantry.core.clock import SECOND, Micros
from tenantry.core.errors import InvalidToken
from tenantry.core.ids import GrantId, TenantId
from tenantry.store.engine.interface import Store
from tenantry.tokens.callers import authenticate
from tenantry.tokens.claims import Claims
from tenantry.tokens.mint import AccessToken, mint_access_token
from tenantry.tokens.signing_keys import KeyRing
from tenantry.tokens.verify import verify_access_token


async def trade_access_token(
    store: Store,
    ring: KeyRing,
    *,
    raw_token: str,
    accepted: Collection[Audience],
    accepted_without_user: Collection[Audience],
    audience: Audience,
    issuer: str,
    lifetime: Micros,
    now: Micros,
    leeway: Micros,
    origin: Origin,
) -> AccessToken:
    """A token for `audience`, for at most `lifetime` and not beyond the end of the one presented. Audited.

    `accepted`: the audiences of tokens that are taken; without a user behind it, only `accepted_without_user`.
    Raises InvalidToken. 1 read, 1 write, 1 signature.
    """
    presented = _verify_any(ring, raw_token, accepted, issuer=issuer, now=now, leeway=leeway)
    audience_presented = Audience(presented.aud.removeprefix(f"{issuer}/"))
    async with store.read() as read:
        caller = await authenticate(
            read, ring, raw_token, issuer=issuer, audience=audience_presented, origin=origin, now=now, leeway=leeway
        )
    if caller.user_id is None and audience_presented not in accepted_without_user:
        raise InvalidToken("audience")
    remaining = min(lifetime, presented.exp * SECOND - now)
    if remaining < SECOND:
        raise InvalidToken("expired")
    tenant_id = TenantId(presented.tid)
    traded = mint_access_token(
        ring,
        issuer=issuer,
        audience=audience,
        subject=presented.sub,
        tenant_id=tenant_id,
        client_id=presented.client_id,
        scope=presented.scope,
        grant_id=None if presented.gid is None else GrantId(presented.gid),
        amr=presented.amr,
        lifetime=remaining,
        now=now,
        act=None if presented.act is None else presented.act.sub,
    )
    event = AccessTokenIssued(jti=traded.jti, audience=audience, expires_at=traded.expires_at)
    await record(store, tenant_id, caller, event, now)
    return traded


def _verify_any(
    ring: KeyRing, raw_token: str, audiences: Collection[Audience], *, issuer: str, now: Micros, leeway: Micros
) -> Claims:
    """The claims, whichever of the audiences the token has. Raises InvalidToken for the last one's cause."""
    refused = InvalidToken("audience")
    for audience in audiences:
        try:
            return verify_access_token(ring, raw_token, issuer=issuer, audience=audience, now=now, leeway=leeway)
        except InvalidToken as fault:
            refused = fault
            if fault.reason != "audience":
                break
    raise refused
