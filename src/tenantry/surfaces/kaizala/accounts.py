"""Signing in and tokens: generatePin, loginWithPinAndApplicationId, accessToken. Source: Kaizala contract 3.2."""

from __future__ import annotations

import re

import msgspec
import structlog
from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tenantry.access.actions import Action, Audience
from tenantry.core.caller import Origin
from tenantry.core.clock import DAY, HOUR, MINUTE, to_millis
from tenantry.core.errors import BadCredentials, DomainError, InvalidClient, RateLimited
from tenantry.core.ids import ConnectorId
from tenantry.directory.messages import send_or_log
from tenantry.directory.phone_sign_in import request_sign_in_pin, sign_in_with_pin
from tenantry.directory.pins import PinRules
from tenantry.settings import Settings
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.callers import throttle
from tenantry.surfaces.kaizala.errors import refusal_of
from tenantry.surfaces.shared.body import Fields
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.failures import check_failures, count_failure
from tenantry.surfaces.shared.hot import HotRoute, header, send_json
from tenantry.surfaces.shared.limits import subscriber_of
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import performs
from tenantry.tokens.exchange import exchange_refresh_token

router = APIRouter()

_log = structlog.get_logger()


@router.post("/kaizala/v1/generatepin")
@performs(Action.REQUEST_PIN)
async def generate_pin(request: Request) -> Response:
    """A1. Protected by limits per address and per number; the PIN goes to a number that a live user has verified.

    The message leaves after the answer, so that nothing in the answer tells a known number from another.
    """
    deps, origin = deps_of(request), origin_of(request.scope)
    _limit_address(deps, origin.address)
    fields = await wire.read_fields(request)
    number = wire.read_number(fields)
    rules = _pin_rules(deps.settings)
    pin = await request_sign_in_pin(
        deps.store,
        deps.hasher,
        origin,
        connector_id=_connector_id(fields),
        number=number,
        rules=rules,
        now=deps.clock(),
    )
    if pin is None:
        return wire.answer({})
    text = f"{pin} is your PIN. It is valid for {rules.lifetime // MINUTE} minutes. Give it to nobody who asks for it."
    return wire.answer({}, background=BackgroundTask(send_or_log, deps.messages, number, text, origin.correlation_id))


@router.post("/kaizala/v1/loginwithpinandapplicationid")
@performs(Action.OBTAIN_TOKEN)
async def login_with_pin(request: Request) -> Response:
    """A2. The PIN is the permission: single use, few tries, limits per address. The secret is optional (§6 #5)."""
    deps, origin = deps_of(request), origin_of(request.scope)
    _limit_address(deps, origin.address)
    fields = await wire.read_fields(request)
    number, pin = wire.read_number(fields), wire.read_pin(fields)
    signed_in = await sign_in_with_pin(
        deps.store,
        deps.hasher,
        origin,
        connector_id=_connector_id(fields),
        connector_secret=fields.text("applicationSecret", max_length=256),
        number=number,
        pin=pin,
        lifetime=deps.settings.refresh_token_days * DAY,
        now=deps.clock(),
    )
    return wire.answer(
        {
            "refreshToken": signed_in.grant.refresh_token,
            "refreshTokenExpiry": to_millis(signed_in.grant.expires_at),
            "grantedScope": wire.granted_scope(signed_in.permissions),
            "endpointUrl": endpoint_url(deps.settings),
        },
        headers={"cache-control": "no-store"},
    )


async def access_token(deps: Deps, scope: Scope, _receive: Receive, send: Send, _match: re.Match[str] | None) -> None:
    """Hot path: 1 read, 1 grouped write, 1 signature. A3: ID, secret and refresh token become an access token.

    A call is counted once its connector is proven: a stranger who knows an ID must not use up the connector's calls.
    """
    origin = origin_of(scope)
    headers = [*_cors_headers(deps.settings, scope), (b"x-correlation-id", origin.correlation_id.encode())]
    try:
        check_failures(deps, "kaizala", origin)
        body = await _exchange(deps, scope)
    except DomainError as failed:
        error = _counted(deps, origin, failed)
        refusal = refusal_of(error, origin.correlation_id)
        headers += [(name.encode(), value.encode()) for name, value in refusal.headers.items()]
        await send_json(send, refusal.status, refusal.body, headers)
    except Exception as error:  # noqa: BLE001 - it is in the log, and clients need the three keys
        _log.exception("unexpected error", path="accessToken", correlation_id=origin.correlation_id)
        refusal = refusal_of(error, origin.correlation_id)
        await send_json(send, refusal.status, refusal.body, headers)
    else:
        await send_json(send, 200, body, [*headers, (b"cache-control", b"no-store")])


def _counted(deps: Deps, origin: Origin, error: DomainError) -> DomainError:
    """The error itself, or RateLimited once the address has presented too many bad credentials."""
    if isinstance(error, BadCredentials):
        try:
            count_failure(deps, "kaizala", origin)
        except RateLimited as limited:
            return limited
    return error


async def _exchange(deps: Deps, scope: Scope) -> bytes:
    settings = deps.settings
    application_id = wire.parse_id(header(scope, b"applicationid") or "")
    if application_id is None:
        raise InvalidClient("connector_missing")
    exchanged = await exchange_refresh_token(
        deps.store,
        deps.keys,
        deps.hasher,
        client_id=application_id,
        client_secret=header(scope, b"applicationsecret"),
        refresh_token=header(scope, b"refreshtoken") or "",
        audience=Audience.KAIZALA,
        issuer=settings.issuer,
        lifetime=settings.kaizala_access_token_hours * HOUR,
        refresh_lifetime=settings.refresh_token_days * DAY,
        now=deps.clock(),
        origin=origin_of(scope),
    )
    throttle(deps, exchanged.connector_id, exchanged.tenant_id)
    return msgspec.json.encode(
        {
            "accessToken": exchanged.access_token.raw,
            "accessTokenExpiry": to_millis(exchanged.access_token.expires_at),
            "endpointUrl": endpoint_url(settings),
            "refreshToken": exchanged.refresh_token or "",
            "scope": "token.write",
        }
    )


HOT = [
    HotRoute("GET", "/kaizala/v1/accessToken", access_token, Action.OBTAIN_TOKEN),
    HotRoute("GET", re.compile("/+kaizala/+v1/+accesstoken/*", re.IGNORECASE), access_token, Action.OBTAIN_TOKEN),
]


def endpoint_url(settings: Settings) -> str:
    """Ends with a slash: browser clients append `v1/...` (contract 0 #5)."""
    return f"{settings.issuer}/kaizala/"


def _pin_rules(settings: Settings) -> PinRules:
    limited = settings.rate_limits == "on"
    return PinRules(
        lifetime=settings.pin_minutes * MINUTE,
        tries=settings.pin_tries,
        sends_per_hour=settings.pins_per_number_per_hour if limited else None,
    )


def _limit_address(deps: Deps, address: str) -> None:
    deps.limits.hit("pin", subscriber_of(address), limit=deps.settings.pins_per_address_per_hour, window=HOUR)


def _connector_id(fields: Fields) -> ConnectorId:
    """`applicationId`. Raises InvalidValue when it is missing, InvalidClient when it cannot be one."""
    found = wire.parse_id(fields.text("applicationId", required=True, max_length=128))
    if found is None:
        raise InvalidClient("connector_malformed")
    return ConnectorId(found)


def _cors_headers(settings: Settings, scope: Scope) -> list[tuple[bytes, bytes]]:
    """For the one answer that does not pass the surface's CORS middleware."""
    origin = header(scope, b"origin")
    if origin is None:
        return []
    if "*" in settings.cors_origins:
        return [(b"access-control-allow-origin", b"*")]
    allowed = [(b"access-control-allow-origin", origin.encode("latin-1"))] if origin in settings.cors_origins else []
    return [*allowed, (b"vary", b"Origin")]
