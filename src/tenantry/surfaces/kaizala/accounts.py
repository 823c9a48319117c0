"""Signing in: generatePin, loginWithPinAndApplicationId. Source: Kaizala contract 3.2."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.clock import HOUR, MINUTE, to_millis
from tenantry.core.errors import InvalidClient
from tenantry.core.ids import ConnectorId
from tenantry.directory.messages import require_gateway, send_or_log
from tenantry.directory.phone_sign_in import request_sign_in_pin, sign_in_with_pin
from tenantry.directory.pins import PinRules
from tenantry.settings import Settings
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.access_token import endpoint_url
from tenantry.surfaces.shared.body import Fields
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import performs
from tenantry.tokens.clients import Client

router = APIRouter()


@router.post("/kaizala/v1/generatepin")
@performs(Action.REQUEST_PIN)
async def generate_pin(request: Request) -> Response:
    """A1. Protected by limits per address and per number; the PIN goes to a number that a live user has verified.

    The message leaves after the answer, so that nothing in the answer tells a known number from another.
    """
    deps, origin = deps_of(request), origin_of(request.scope)
    _limit_address(deps, origin.address)
    fields = await wire.read_strangers_fields(request)
    number = wire.read_number(fields)
    require_gateway(deps.messages)
    rules = _pin_rules(deps.settings)
    to_send = await request_sign_in_pin(
        deps.store,
        deps.hasher,
        origin,
        connector_id=_connector_id(fields),
        number=number,
        rules=rules,
        now=deps.clock(),
    )
    if to_send is None:
        return wire.answer({})
    tenant_id, pin = to_send
    text = f"{pin} is your PIN. It is valid for {rules.lifetime // MINUTE} minutes. Give it to nobody who asks for it."
    background = BackgroundTask(send_or_log, deps.messages, tenant_id, number, text, origin.correlation_id)
    return wire.answer({}, background=background)


@router.post("/kaizala/v1/loginwithpinandapplicationid")
@performs(Action.OBTAIN_TOKEN)
async def login_with_pin(request: Request) -> Response:
    """A2. The PIN is the permission: single use, few tries, limits per address. The secret is optional (§6 #5)."""
    deps, origin = deps_of(request), origin_of(request.scope)
    _limit_address(deps, origin.address)
    fields = await wire.read_strangers_fields(request)
    number, pin = wire.read_number(fields), wire.read_pin(fields)
    signed_in = await sign_in_with_pin(
        deps.issuing,
        origin,
        Client(_connector_id(fields), fields.text("applicationSecret", max_length=256)),
        number=number,
        pin=pin,
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


def _pin_rules(settings: Settings) -> PinRules:
    limited = settings.rate_limits == "on"
    return PinRules(
        lifetime=settings.pin_minutes * MINUTE,
        tries=settings.pin_tries,
        sends_per_hour=settings.pins_per_number_per_hour if limited else None,
    )


def _limit_address(deps: Deps, address: str) -> None:
    deps.limits.hit_from(address, "pin", limit=deps.settings.pins_per_address_per_hour, window=HOUR)


def _connector_id(fields: Fields) -> ConnectorId:
    """`applicationId`. Raises InvalidValue when it is missing, InvalidClient when it cannot be one."""
    found = wire.parse_id(fields.text("applicationId", required=True, max_length=128))
    if found is None:
        raise InvalidClient("connector_malformed")
    return ConnectorId(found)
