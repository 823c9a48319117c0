"""`POST /token` and its older addresses: a service account trades an assertion that it has signed for an access token.

Sources: RFC 7523 §2.1, §3.1; Play EMM contract §5.4.
"""

from __future__ import annotations

from msgspec import Struct

from tenantry.access.actions import Action
from tenantry.core.caller import Audience
from tenantry.core.clock import to_seconds
from tenantry.core.errors import BadCredentials, UnsupportedGrantType
from tenantry.core.hiding import hiding
from tenantry.surfaces.oauth.coat import FORM, NO_STORE, OAUTH
from tenantry.surfaces.oauth.form import need
from tenantry.surfaces.operation import Ask, operations
from tenantry.tokens.assertions import TOKEN_PATHS, audiences_of
from tenantry.tokens.grant_types.jwt_bearer import exchange_assertion
from tenantry.tokens.issuing import TokenAsk

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/androidenterprise"

op = operations(OAUTH, "")


@hiding("assertion")
class AssertionForm(Struct):
    """The form of RFC 7523 §2.1. The grant type is `urn:ietf:params:oauth:grant-type:jwt-bearer`."""

    grant_type: str | None = None
    assertion: str | None = None


@hiding("access_token")
class ServiceAccountToken(Struct):
    """An access token in the form of RFC 6749 §5.1."""

    access_token: str
    expires_in: int
    token_type: str = "Bearer"


async def exchange(ask: Ask, body: AssertionForm) -> ServiceAccountToken:
    """A service account trades an assertion that it has signed for an access token."""
    if need(body, "grant_type") != JWT_BEARER:
        raise UnsupportedGrantType(f"Only {JWT_BEARER} is supported here.")
    settings = ask.deps.settings
    issued = await exchange_assertion(
        ask.deps.issuing,
        TokenAsk(Audience.ANDROID_ENTERPRISE, ask.origin, ask.now),
        need(body, "assertion"),
        accepted_audiences=audiences_of(settings.issuer, settings.assertion_audiences),
        required_scope=SCOPE,
    )
    return ServiceAccountToken(
        issued.access_token.raw, to_seconds(issued.access_token.expires_at) - to_seconds(ask.now)
    )


for path in TOKEN_PATHS:
    op(
        f"exchangeAssertion{path.title().replace('/', '')}",
        "POST",
        path,
        Action.OBTAIN_TOKEN,
        source="RFC 7523 §2.1; Play EMM contract §5.4",
        headers=NO_STORE,
        hot=True,
        guesses=(BadCredentials,),
        takes=FORM,
    )(exchange)
