"""What each error looks like: `{"code": number, "description", "data": [..], "source"}`.

Source: Partner Center contract §2.7 and §6.

Departs: a customer of another partner is 404/60003 like one that does not exist, not 403/20002: which tenants there
are must not show.
Departs: a body that is too large is 413, which the vendor's list of statuses does not have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from tenantry.access.decision import Reason
from tenantry.core import errors
from tenantry.core.errors import AlreadyExists, DomainError, InvalidToken, InvalidValue, NotFound
from tenantry.surfaces.partner_center.not_offered import NOT_OFFERED
from tenantry.surfaces.partner_center.wire import WIRE_NAMES

JSON = "application/json; charset=utf-8"
NO_TOKEN = "no_token"
"""Reason of an InvalidToken when the request had none."""

_BELOW_CUSTOMER = re.compile(r"/partnercenter/v1/(customers/[^/]+/.+)", re.DOTALL)
_SOURCE = "PartnerApiServiceControllers"
_INVALID_INPUT, _UNEXPECTED, _NOT_FOUND, _UNSUPPORTED = 800002, 800003, 1000, 900127


class Error(msgspec.Struct):
    """The vendor's body of an error: `description` is for people, `code` and `data` are for programs."""

    code: int
    description: str
    data: list[str]
    source: str


class Message(msgspec.Struct, rename="camel"):
    """The vendor's body where a second factor is missing, or where there were too many calls.

    Source: Partner Center contract §1.3, §0 #8.
    """

    status_code: int
    message: str


class Refusal(NamedTuple):
    """HTTP status and body, which is JSON."""

    status: int
    body: str


class Line(NamedTuple):
    """How an error looks: HTTP status, and the number in the body."""

    status: int
    code: int


NEVER = None
"""In TABLE: an error of this kind does not reach this surface. If it does, it is answered as a bug."""

TABLE: Mapping[type[DomainError], Line | None] = {
    errors.InvalidValue: Line(400, 3000),
    errors.PayloadTooLarge: Line(413, _INVALID_INPUT),
    errors.UnknownCoding: Line(415, _INVALID_INPUT),
    errors.HeaderTooLarge: Line(431, _INVALID_INPUT),
    errors.AddressTooLong: Line(414, _INVALID_INPUT),
    errors.NotFound: Line(404, _NOT_FOUND),
    errors.AlreadyExists: Line(409, 3000),  # no public source has a code for it
    errors.Forbidden: Line(403, 2032),
    errors.AppOnlyRefused: Line(403, 2032),
    errors.MfaRequired: Line(401, 10001),
    errors.InvalidToken: Line(401, 400),
    errors.RateLimited: Line(429, 0),
    errors.StoreBusy: Line(503, _UNEXPECTED),
    errors.StoreUnavailable: Line(503, _UNEXPECTED),
    errors.FailedPrecondition: NEVER,
    errors.VersionMismatch: NEVER,
    errors.BadCredentials: NEVER,
    errors.InvalidClient: NEVER,
    errors.InvalidGrant: NEVER,
    errors.InvalidScope: NEVER,
    errors.UnsupportedGrantType: NEVER,
    errors.DeviceLimitExceeded: NEVER,
    errors.DeviceTokenUsed: NEVER,
    errors.DeviceTokenExpired: NEVER,
    errors.DeviceTokenNotFound: NEVER,
}

_NOT_FOUND_CODES = {"customer": 60003, "user": 60002}
_INVALID_CODES = {
    "body": _INVALID_INPUT,
    "customer-tenant-id": 2000,
    "user-id": 2000,
    "state": 900126,
    "sortField": 900126,
    "sortDirection": 900126,
    "seekOperation": 900126,
    "offset": _UNSUPPORTED,
    "filter": _INVALID_INPUT,
    "size": _INVALID_INPUT,
    "MS-ContinuationToken": _INVALID_INPUT,
}
"""Error numbers for values that are not properties of a user."""


def body(code: int, description: str, data: Sequence[str] = ()) -> str:
    """The vendor's error body."""
    return msgspec.json.encode(Error(code, description[:1024], list(data), _SOURCE)).decode()


def answer_of(error: DomainError) -> Refusal | None:
    """Status and body; None for an error that is NEVER in the table."""
    line = TABLE.get(type(error))
    if line is None:
        return None
    code, description, data = line.code, error.public, list[str]()
    match error:
        case InvalidValue(field=str(field)):
            name = WIRE_NAMES.get(field, field)
            code = _INVALID_CODES.get(field, code)
            data = [name]
            description = f"{name}: {error.public}" if field in WIRE_NAMES else error.public
        case AlreadyExists():
            data = [error.value]
        case NotFound():
            code = _NOT_FOUND_CODES.get(error.what, code)
        case errors.Forbidden(reason=Reason.ROLE_MISSING | Reason.BEYOND_RELATIONSHIP):
            code = 900150
        case InvalidToken() if error.reason == NO_TOKEN:
            code, description = 800001, "The access token is missing. Send it as Authorization: Bearer TOKEN."
        case errors.MfaRequired():
            # Not the standard body: .NET finds no service error in the vendor's answer (Partner Center contract §1.3).
            return Refusal(401, _message(401, "Authentication failed. MFA required. (10001)"))
        case errors.RateLimited():
            return Refusal(429, _message(429, error.public))  # Partner Center contract §0 #8
    return Refusal(line.status, body(code, description, data))


def _message(status: int, message: str) -> str:
    return msgspec.json.encode(Message(status, message)).decode()


def unexpected(correlation_id: str) -> str:
    """The body for a bug: it has the id under which the log has everything."""
    return body(_UNEXPECTED, f"An unexpected error occurred. Report it with the correlation id {correlation_id}.")


def no_route(method: str, path: str, is_taken: bool) -> tuple[int, str]:
    """Status and body where no operation is found. `path` is as the coat spells it; `is_taken`: the path takes other
    methods.
    """
    operation = _name_not_offered(method, path, is_taken)
    if operation is not None:
        text = f"The operation '{operation}' is not supported in this environment."
        return 400, body(_UNSUPPORTED, text, [operation])
    if is_taken:
        return 405, body(_UNSUPPORTED, f"{method} is not supported at this address.")
    return 404, body(_NOT_FOUND, "There is nothing at this address.")


def _name_not_offered(method: str, path: str, is_taken: bool) -> str | None:
    """The name of the operation that the request asks for and that is not offered: in the reference's words, else as it
    was asked.

    Nothing below a customer is answered 404 for want of a route: clients would take it for the customer, or its user.
    """
    operation = NOT_OFFERED.find(method, path)
    if operation is not None:
        return operation.name
    below = None if is_taken else _BELOW_CUSTOMER.fullmatch(path)
    return f"{method} {ascii(below[1])[1:-1][:200]}" if below else None
