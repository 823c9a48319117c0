"""What every method of the surface does with its request and its answer.

Source: Play EMM contract §5.2 (requests), §5.3 (answers), §2 (`kind`), §5.5 (both kinds of bearer token).
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from tenantry.core.caller import Audience, Caller
from tenantry.core.clock import SECOND, Micros
from tenantry.core.errors import InvalidToken, InvalidValue
from tenantry.surfaces.android_enterprise.errors import JSON
from tenantry.surfaces.android_enterprise.partial import parse_fields, select
from tenantry.surfaces.shared.bearer import bearer_token_of
from tenantry.surfaces.shared.body import is_clean, parse_json, read_body
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.origin import origin_of
from tenantry.tokens import base64url
from tenantry.tokens.assertions import authenticate_self_signed
from tenantry.tokens.callers import authenticate

SCOPE = "https://www.googleapis.com/auth/androidenterprise"

T = TypeVar("T")

_FIELD_AT = re.compile(r"`\$\.?([^`]*)`")
_FIELD_MISSING = re.compile(r"missing required field `([^`]*)`")


async def caller_of(deps: Deps, scope: Scope, now: Micros) -> Caller:
    """The service account behind the bearer token: one of our access tokens, or a JWT it signed itself.

    Raises InvalidToken. It is noted for `refuse`. Hot path: 1 read.
    """
    raw = bearer_token_of(scope)
    if raw is None:
        raise InvalidToken("missing", "Send an access token: Authorization: Bearer TOKEN.")
    issuer, origin = deps.settings.issuer, origin_of(scope)
    leeway = deps.settings.clock_leeway_seconds * SECOND
    async with deps.store.read() as read:
        if _is_access_token(deps, raw):
            caller = await authenticate(
                read,
                deps.keys,
                raw,
                issuer=issuer,
                audience=Audience.ANDROID_ENTERPRISE,
                origin=origin,
                now=now,
                leeway=leeway,
            )
        else:
            caller = await authenticate_self_signed(
                read,
                raw,
                accepted_audiences=(issuer, f"{issuer}/"),
                required_scope=SCOPE,
                audience=Audience.ANDROID_ENTERPRISE,
                origin=origin,
                now=now,
                leeway=leeway,
            )
    scope.setdefault("state", {})["caller"] = caller
    return caller


def _is_access_token(deps: Deps, raw: str) -> bool:
    """Whether the header says so (RFC 9068 §2.1); which check it must pass follows from that, and nothing else does."""
    header = raw.encode("utf-8", "replace").partition(b".")[0]
    if deps.keys.find_by_header(header) is not None:
        return True
    try:
        return msgspec.json.decode(base64url.decode(header) or b"", type=dict[str, Any]).get("typ") == "at+jwt"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True  # refused there like everything malformed


async def body_as(deps: Deps, request: Request, shape: type[T]) -> T:
    """The JSON body. Raises InvalidValue that names the field, PayloadTooLarge."""
    raw = await read_body(request, deps.settings.body_limit_bytes)
    return convert(parse_json(raw, depth_limit=deps.settings.json_depth_limit), shape)


def convert(value: Any, shape: type[T]) -> T:
    """A JSON value as a wire shape. Raises InvalidValue that names the field."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        text = str(error)
        missing, at = _FIELD_MISSING.search(text), _FIELD_AT.search(text)
        path = at[1] if at else ""
        if missing:
            field = f"{path}.{missing[1]}" if path else missing[1]
            raise InvalidValue(f"Required field: {field}.", field=field) from None
        raise InvalidValue(f"{text.partition(' - at')[0]}.", field=path or "body") from None


def query(request: Request, name: str, *, required: bool = False) -> str | None:
    """One query parameter. Raises InvalidValue that names it."""
    value = request.query_params.get(name)
    if required and not value:
        raise InvalidValue(f"Required parameter: {name}.", field=name)
    if value is not None and (len(value) > 2048 or not is_clean(value)):
        raise InvalidValue("The parameter is too long, or holds a character that cannot be.", field=name)
    return value


def answer(request: Request, kind: str, resource: dict[str, Any]) -> Response:
    """A resource with its `kind`, as far as `fields` asks for it."""
    return Response(body_of(request.scope, kind, resource), 200, _headers(request), JSON)


def body_of(scope: Scope, kind: str, resource: dict[str, Any]) -> bytes:
    """The body of `answer`."""
    full = {"kind": f"androidenterprise#{kind}", **resource}
    wanted = query(Request(scope), "fields") if scope["query_string"] else None
    return msgspec.json.encode(full if wanted is None else select(full, parse_fields(wanted)))


def empty(request: Request) -> Response:
    """Done, with nothing to show."""
    return Response(status_code=204, headers=_headers(request))


def _headers(request: Request) -> dict[str, str]:
    return {"x-correlation-id": origin_of(request.scope).correlation_id}
