"""The form bodies of token requests, and the client authentication in them (RFC 6749 §2.3.1, §3.2)."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qsl, unquote_plus

from msgspec import Struct
from starlette.types import Receive, Scope

from tenantry.core.errors import InvalidClient, InvalidValue, PayloadTooLarge
from tenantry.surfaces.shared.answers import header
from tenantry.surfaces.shared.body import LARGEST_OF_STRANGERS, is_clean, read_body
from tenantry.tokens.clients import Client

MOST_FIELDS = 50


def need(form: Struct, name: str) -> str:
    """The parameter of that name. Raises InvalidValue naming it when it is absent."""
    return needed(getattr(form, name), name)


def needed(value: str | None, name: str) -> str:
    """The value of the parameter. Raises InvalidValue naming it when it is absent."""
    if value is None:
        raise InvalidValue(f"The request body must contain the following parameter: '{name}'.", field=name)
    return value


async def read_form(scope: Scope, receive: Receive, limit: int) -> dict[str, str]:
    """The parameters of a urlencoded form of at most `limit` bytes, and of no more than a caller who is not
    authenticated may send.

    Raises PayloadTooLarge; InvalidValue for a repeated parameter.
    """
    limit = min(limit, LARGEST_OF_STRANGERS)
    length = header(scope, b"content-length") or ""
    if length.isdecimal() and int(length[:20]) > limit:
        raise PayloadTooLarge(f"The request body is larger than {limit} bytes.", field="body")
    return parse_form(await read_body(receive, limit))


def parse_form(raw: bytes) -> dict[str, str]:
    """The parameters. An empty one counts as absent (RFC 6749 §3.2).

    Raises InvalidValue: not UTF-8, more than MOST_FIELDS, a repeated parameter, a NUL.
    """
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise InvalidValue("The request body is not a valid urlencoded form.", field="body") from None
    values: dict[str, str] = {}
    for name, value in pairs:
        if not (is_clean(name) and is_clean(value)):
            raise InvalidValue("A parameter holds a character that cannot be stored.", field=name[:64])
        if name in values:
            raise InvalidValue(f"The parameter '{name[:64]}' is given more than once.", field=name[:64])
        values[name] = value
    return {name: value for name, value in values.items() if value}


def client_of(scope: Scope, client_id: str | None, client_secret: str | None) -> Client:
    """The client by HTTP Basic or by form, not by both. Raises InvalidValue, InvalidClient for a broken header."""
    authorization = header(scope, b"authorization")
    if authorization is None or authorization[:6].lower() != "basic ":
        return Client(needed(client_id, "client_id"), client_secret)
    client = _parse_basic(authorization[6:])
    if client_secret is not None or client_id not in (None, client.client_id):
        raise InvalidValue("Authenticate the client by header or by form, not by both.", field="client_secret")
    return client


def _parse_basic(encoded: str) -> Client:
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise InvalidClient("malformed") from None
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if not colon or not client_id or not (is_clean(client_id) and is_clean(secret)):
        raise InvalidClient("malformed")
    return Client(client_id, secret or None)
