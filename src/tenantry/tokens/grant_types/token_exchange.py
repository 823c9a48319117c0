"""One access token for another of a different audience: same subject, grant and methods, and never a longer life.

Source: RFC 8693; Partner Center contract §1.2, which calls this `generatetoken`.
"""

from __future__ import annotations

from collections.abc import Collection

from tenantry.core.caller import Audience
from tenantry.core.clock import SECOND
from tenantry.core.errors import InvalidToken
from tenantry.tokens.callers import authenticate
from tenantry.tokens.claims import Claims
from tenantry.tokens.issuing import Issuing, TokenAsk, issue
from tenantry.tokens.mint import AccessToken
from tenantry.tokens.verify import verify_access_token


async def exchange_access_token(
    issuing: Issuing,
    ask: TokenAsk,
    raw_token: str,
    *,
    accepted: Collection[Audience],
    accepted_without_user: Collection[Audience],
) -> AccessToken:
    """Issue a token for the requested audience, which expires no later than the one presented. Audited.

    `accepted`: audiences of tokens that may be presented; for a token without a user, only `accepted_without_user`.
    Raises InvalidToken. 1 read, 1 write, 1 signature.
    """
    presented = _verify_any(issuing, ask, raw_token, accepted)
    audience = Audience(presented.aud.removeprefix(f"{issuing.issuer}/"))
    async with issuing.store.read() as read:
        caller = await authenticate(
            read,
            issuing.ring,
            raw_token,
            issuer=issuing.issuer,
            audience=audience,
            origin=ask.origin,
            now=ask.now,
            leeway=issuing.leeway,
        )
    if caller.user_id is None and audience not in accepted_without_user:
        raise InvalidToken("audience")
    remaining = presented.exp * SECOND - ask.now
    if remaining < SECOND:
        raise InvalidToken("expired")
    act = None if presented.act is None else presented.act.sub
    return await issue(
        issuing,
        issuing.store,
        ask,
        caller,
        scope=presented.scope,
        amr=presented.amr,
        at_most=remaining,
        act=act,
    )


def _verify_any(issuing: Issuing, ask: TokenAsk, raw_token: str, audiences: Collection[Audience]) -> Claims:
    """The claims, whichever of the audiences the token has. Raises InvalidToken for the last one's cause."""
    refused = InvalidToken("audience")
    for audience in audiences:
        try:
            return verify_access_token(
                issuing.ring,
                raw_token,
                issuer=issuing.issuer,
                audience=audience,
                now=ask.now,
                leeway=issuing.leeway,
            )
        except InvalidToken as fault:
            refused = fault
            if fault.reason != "audience":
                break
    raise refused
