"""accessToken, the one hot path. Source: Kaizala contract 3.2, A3."""

from __future__ import annotations

import re

import msgspec
from starlette.types import Receive, Scope

from tenantry.access.actions import Action
from tenantry.core.caller import Audience, Origin
from tenantry.core.clock import to_millis
from tenantry.core.errors import BadCredentials, DomainError, InvalidClient, RateLimited
from tenantry.core.log import get_logger
from tenantry.settings import Settings
from tenantry.surfaces.kaizala.callers import throttle
from tenantry.surfaces.kaizala.errors import refusal_of
from tenantry.surfaces.kaizala.wire import parse_id
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.failures import check_failures, count_failure
from tenantry.surfaces.shared.hot import HotAnswer, HotRoute, header, json_answer
from tenantry.surfaces.shared.origin import origin_of
from tenantry.tokens.clients import Client
from tenantry.tokens.grant_types.refresh_token import exchange_refresh_token
from tenantry.tokens.issuing import TokenAsk

_log = get_logger()


async def access_token(deps: Deps, scope: Scope, _receive: Receive, _match: re.Match[str] | None) -> HotAnswer:
    """Hot path: 1 read, 1 grouped write, 1 signature. A3: ID, secret and refresh token become an access token.

    A call is counted once its connector is proven: a stranger who knows an ID must not use up the connector's calls.
    """
    origin = origin_of(scope)
    headers = [*_cors_headers(deps.settings, scope), (b"x-correlation-id", origin.correlation_id.encode())]
    try:
        check_failures(deps, "kaizala", origin)
        body = await _exchange(deps, scope, origin)
    except DomainError as failed:
        error = _counted(deps, origin, failed)
        refusal = refusal_of(error, origin.correlation_id)
        headers += [(name.encode(), value.encode()) for name, value in refusal.headers.items()]
        return json_answer(refusal.status, refusal.body, headers)
    except Exception as error:  # noqa: BLE001 - it is in the log, and clients need the three keys
        _log.exception("unexpected error", path="accessToken", correlation_id=origin.correlation_id)
        refusal = refusal_of(error, origin.correlation_id)
        return json_answer(refusal.status, refusal.body, headers)
    return json_answer(200, body, [*headers, (b"cache-control", b"no-store")])


def _counted(deps: Deps, origin: Origin, error: DomainError) -> DomainError:
    """The error itself, or RateLimited once the address has presented too many bad credentials."""
    if isinstance(error, BadCredentials):
        try:
            count_failure(deps, "kaizala", origin)
        except RateLimited as limited:
            return limited
    return error


async def _exchange(deps: Deps, scope: Scope, origin: Origin) -> bytes:
    application_id = parse_id(header(scope, b"applicationid") or "")
    if application_id is None:
        raise InvalidClient("connector_missing")
    issued = await exchange_refresh_token(
        deps.issuing,
        TokenAsk(Audience.KAIZALA, origin, deps.clock()),
        Client(application_id, header(scope, b"applicationsecret")),
        header(scope, b"refreshtoken") or "",
    )
    throttle(deps, issued.connector_id, issued.tenant_id, issued.user_id, None)
    return msgspec.json.encode(
        {
            "accessToken": issued.access_token.raw,
            "accessTokenExpiry": to_millis(issued.access_token.expires_at),
            "endpointUrl": endpoint_url(deps.settings),
            "refreshToken": issued.refresh_token or "",
            "scope": "token.write",
        }
    )


def endpoint_url(settings: Settings) -> str:
    """Ends with a slash: browser clients append `v1/...` (contract 0 #5)."""
    return f"{settings.issuer}/kaizala/"


def _cors_headers(settings: Settings, scope: Scope) -> list[tuple[bytes, bytes]]:
    """For the one answer that does not pass the surface's CORS middleware."""
    origin = header(scope, b"origin")
    if origin is None:
        return []
    if "*" in settings.cors_origins:
        return [(b"access-control-allow-origin", b"*")]
    allowed = [(b"access-control-allow-origin", origin.encode("latin-1"))] if origin in settings.cors_origins else []
    return [*allowed, (b"vary", b"Origin")]


HOT = [
    HotRoute("GET", "/kaizala/v1/accessToken", access_token, Action.OBTAIN_TOKEN),
    HotRoute("GET", re.compile("/+kaizala/+v1/+accesstoken/*", re.IGNORECASE), access_token, Action.OBTAIN_TOKEN),
]
