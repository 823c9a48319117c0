"""Signing in by phone: `generatePin`, `loginWithPinAndApplicationId`. Source: Kaizala contract §3.2."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from tenantry.access.actions import Action
from tenantry.core.clock import HOUR, MINUTE, to_millis
from tenantry.core.errors import InvalidClient
from tenantry.core.hiding import hiding
from tenantry.core.ids import ConnectorId
from tenantry.directory.messages import require_gateway, send_or_log
from tenantry.directory.phone_sign_in import request_sign_in_pin, sign_in_with_pin
from tenantry.directory.pins import PinRules
from tenantry.settings import Settings
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.access_token import endpoint_url
from tenantry.surfaces.kaizala.coat import KAIZALA, ROOT
from tenantry.surfaces.operation import NO_STORE, Ask, operations
from tenantry.tokens.clients import Client

op = operations(KAIZALA, ROOT)


class PinRequest(Struct, rename="camel"):
    """For which number (E.164) a PIN is asked, and for which connector."""

    mobile_number: Annotated[str, Meta(max_length=64)]
    application_id: Annotated[str, Meta(max_length=128)]


@hiding("pin", "application_secret")
class PinLogin(Struct, rename="camel"):
    """The PIN may be a number or a text. A secret that is sent must be right (Kaizala contract §6 #5)."""

    mobile_number: Annotated[str, Meta(max_length=64)]
    pin: Annotated[str, Meta(max_length=32)] | int
    application_id: Annotated[str, Meta(max_length=128)]
    application_secret: Annotated[str, Meta(max_length=256)] | None = None


class Asked(Struct):
    """Nothing: whether the number is known is not said."""


@hiding("refresh_token")
class SignedIn(Struct, rename="camel"):
    """A refresh token, when it ends (milliseconds since 1970), and the permissions that it has, divided by commas."""

    refresh_token: str
    refresh_token_expiry: int
    granted_scope: str
    endpoint_url: str


def limit_address(ask: Ask) -> None:
    """Count the request against the client's address, whatever it sends: who tries numbers or PINs has this many tries
    an hour. Raises RateLimited.
    """
    limit = ask.deps.settings.pins_per_address_per_hour
    ask.deps.limits.hit_from(ask.origin.address, "pin", limit=limit, window=HOUR)


@op(
    "generatePin",
    "POST",
    "/generatePin",
    Action.REQUEST_PIN,
    source="Kaizala contract §3.2, A1",
    before=limit_address,
)
async def generate_pin(ask: Ask, body: PinRequest) -> Asked:
    """Send a PIN to a number that a live user has verified.

    Limited per address and per number. The message leaves after the answer, so that nothing in the answer, and not how
    long it takes either, tells a known number from another.
    """
    deps = ask.deps
    number = wire.read_number(body.mobile_number)
    require_gateway(deps.messages)
    rules = _pin_rules(deps.settings)
    to_send = await request_sign_in_pin(
        deps.store,
        deps.hasher,
        ask.origin,
        connector_id=_connector_id(body.application_id),
        number=number,
        rules=rules,
        now=ask.now,
    )
    if to_send is not None:
        (tenant_id, pin), minutes = to_send, rules.lifetime // MINUTE
        text = f"{pin} is your PIN. It is valid for {minutes} minutes. Give it to nobody who asks for it."
        ask.after = partial(send_or_log, deps.messages, tenant_id, number, text, ask.origin.correlation_id)
    return Asked()


@op(
    "loginWithPinAndApplicationId",
    "POST",
    "/loginWithPinAndApplicationId",
    Action.OBTAIN_TOKEN,
    source="Kaizala contract §3.2, A2",
    headers=NO_STORE,
    before=limit_address,
)
async def login_with_pin(ask: Ask, body: PinLogin) -> SignedIn:
    """A PIN becomes a refresh token.

    The PIN is the permission: single use, few tries, limits per address.
    """
    deps, number = ask.deps, wire.read_number(body.mobile_number)
    signed_in = await sign_in_with_pin(
        deps.issuing,
        ask.origin,
        Client(_connector_id(body.application_id), body.application_secret),
        number=number,
        pin=str(body.pin).strip(),
        now=ask.now,
    )
    return SignedIn(
        refresh_token=signed_in.grant.refresh_token,
        refresh_token_expiry=to_millis(signed_in.grant.expires_at),
        granted_scope=wire.granted_scope(signed_in.permissions),
        endpoint_url=endpoint_url(deps.settings),
    )


def _pin_rules(settings: Settings) -> PinRules:
    limited = settings.rate_limits == "on"
    return PinRules(
        lifetime=settings.pin_minutes * MINUTE,
        tries=settings.pin_tries,
        sends_per_hour=settings.pins_per_number_per_hour if limited else None,
    )


def _connector_id(raw: str) -> ConnectorId:
    """Raises InvalidClient when it cannot be one."""
    found = wire.parse_id(raw)
    if found is None:
        raise InvalidClient("connector_malformed")
    return ConnectorId(found)
