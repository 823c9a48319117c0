"""`accessToken`, the one hot path: a connector trades a refresh token for an access token. Source: Kaizala contract
§3.2, A3.
"""

from __future__ import annotations

import msgspec

from tenantry.access.actions import Action
from tenantry.core.caller import Audience
from tenantry.core.clock import to_millis
from tenantry.core.errors import BadCredentials, InvalidClient
from tenantry.core.hiding import hiding
from tenantry.settings import Settings
from tenantry.surfaces.kaizala.callers import throttle
from tenantry.surfaces.kaizala.coat import KAIZALA, ROOT
from tenantry.surfaces.kaizala.wire import parse_id
from tenantry.surfaces.operation import NO_STORE, Ask, operations
from tenantry.surfaces.shared.answers import header
from tenantry.tokens.clients import Client
from tenantry.tokens.grant_types.refresh_token import RefreshTokenExchange
from tenantry.tokens.issuing import Issued, TokenAsk

op = operations(KAIZALA, ROOT)


@hiding("access_token", "refresh_token")
class Tokens(msgspec.Struct, rename="camel"):
    """An access token, when it ends (milliseconds since 1970), and where to use it. `refreshToken` is empty until the
    one that was presented has used up most of its time.
    """

    access_token: str
    access_token_expiry: int
    endpoint_url: str
    refresh_token: str
    scope: str = "token.write"


class _Exchange:
    """The exchange of one request, as a handler and as a slot do it."""

    __slots__ = ("_ask", "_exchange", "work")

    def __init__(self, ask: Ask) -> None:
        """Raises InvalidClient, InvalidGrant for garbage."""
        scope = ask.scope
        application_id = parse_id(header(scope, b"applicationid") or "")
        if application_id is None:
            raise InvalidClient("connector_missing")
        self._ask = ask
        self._exchange = RefreshTokenExchange(
            ask.deps.issuing,
            TokenAsk(Audience.KAIZALA, ask.origin, ask.now),
            Client(application_id, header(scope, b"applicationsecret")),
            header(scope, b"refreshtoken") or "",
        )
        self.work = self._exchange.look

    async def finish(self) -> None:
        """Do all of it. Raises InvalidClient, InvalidGrant, StoreBusy."""
        await self._exchange.finish()

    def value(self) -> Tokens:
        """The tokens. A call is counted once its connector is authenticated: a stranger who knows an ID must not use up
        the connector's calls. Raises RateLimited.
        """
        deps = self._ask.deps
        issued = self._exchange.issued()
        throttle(deps, issued.connector_id, issued.tenant_id, issued.user_id, None)
        return shown(issued, deps.settings)


@op(
    "getAccessToken",
    "GET",
    "/accessToken",
    Action.OBTAIN_TOKEN,
    source="Kaizala contract §3.2, A3",
    headers=NO_STORE,
    asks=("applicationId", "applicationSecret", "refreshToken"),
    hot=True,
    slot=_Exchange,
    guesses=(BadCredentials,),
)
async def access_token(ask: Ask) -> Tokens:
    """Trade ID, secret and refresh token for an access token. Hot path: 1 read, 1 grouped write, 1 signature."""
    exchange = _Exchange(ask)
    await exchange.finish()
    return exchange.value()


def shown(issued: Issued, settings: Settings) -> Tokens:
    """The answer to an exchange of a refresh token, and to that of a code."""
    token = issued.access_token
    return Tokens(token.raw, to_millis(token.expires_at), endpoint_url(settings), issued.refresh_token or "")


def endpoint_url(settings: Settings) -> str:
    """The address of this API. It ends with a slash, since browser clients append `v1/...` (Kaizala contract §0 #5)."""
    return f"{settings.issuer}/kaizala/"
