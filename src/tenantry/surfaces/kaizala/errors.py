"""The error body and its one table. Source: Kaizala contract §4.3-4.4, §6 #1-#3.

Clients compare the constants: the C# library signs in again only when all three values of an expired token match.
Names that no source records (`ServiceException` and the codes beside it) are ours.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
from starlette.responses import Response

from tenantry.core import errors
from tenantry.core.errors import DomainError, InvalidToken, RateLimited, StoreBusy
from tenantry.core.log import get_logger
from tenantry.surfaces.shared.not_offered import Missing

TOKEN_INVALID = "Invalid token. Failure reason:Token validation failed due to unknown reason!"
TOKEN_MISSING = "Token missing. Header should have token as value of ACCESSTOKEN"
CLIENT_INVALID = "Dont have correct applicationId and secret in header!"

NO_TOKEN = "token_missing"
"""The reason of an InvalidToken when no access token came at all, which has a sentence of its own."""

_AUTH = "AuthException"
_SERVICE = "ServiceException"

_log = get_logger()


class Line(NamedTuple):
    """How one kind of error looks. Without `message`, its own public text is shown."""

    status: int
    category: str
    code: str
    message: str | None = None


NEVER: Final = None
"""A bug if it gets here."""

TABLE: dict[type[DomainError], Line | None] = {
    errors.InvalidValue: Line(400, _SERVICE, "InvalidParameters"),
    errors.PayloadTooLarge: Line(413, _SERVICE, "InvalidParameters"),
    errors.UnknownCoding: Line(415, _SERVICE, "InvalidParameters"),
    errors.HeaderTooLarge: Line(431, _SERVICE, "InvalidParameters"),
    errors.AddressTooLong: Line(414, _SERVICE, "InvalidParameters"),
    errors.FailedPrecondition: Line(400, _SERVICE, "InvalidParameters"),
    errors.BadCredentials: Line(401, _AUTH, "Unauthenticated"),
    errors.InvalidClient: Line(401, _AUTH, "Unauthenticated", CLIENT_INVALID),
    errors.InvalidGrant: Line(401, _AUTH, "InvalidToken", TOKEN_INVALID),
    errors.InvalidToken: Line(401, _AUTH, "InvalidToken", TOKEN_INVALID),
    errors.Forbidden: Line(403, _AUTH, "AccessDenied"),
    errors.AppOnlyRefused: Line(403, _AUTH, "AccessDenied"),
    errors.NotFound: Line(404, _SERVICE, "NotFound"),
    errors.RateLimited: Line(429, _SERVICE, "TooManyRequests"),
    errors.StoreBusy: Line(503, _SERVICE, "ServiceUnavailable"),
    errors.StoreUnavailable: Line(503, _SERVICE, "ServiceUnavailable"),
    errors.AlreadyExists: NEVER,
    errors.VersionMismatch: NEVER,
    errors.MfaRequired: NEVER,
    errors.InvalidScope: NEVER,
    errors.UnsupportedGrantType: NEVER,
    errors.DeviceLimitExceeded: NEVER,
    errors.DeviceTokenUsed: NEVER,
    errors.DeviceTokenExpired: NEVER,
    errors.DeviceTokenNotFound: NEVER,
}

_BUG = Line(500, _SERVICE, "InternalError")


class Refusal(NamedTuple):
    """An answer, ready to be sent; header names in lower case."""

    status: int
    body: bytes
    headers: dict[str, str]


def refusal_of(error: Exception, correlation_id: str) -> Refusal:
    """Look the error up; what is NEVER or foreign becomes a 500 that says the correlation id and nothing else."""
    line = next((TABLE[kind] for kind in type(error).__mro__ if kind in TABLE), NEVER)
    if line is None or not isinstance(error, DomainError):
        if isinstance(error, DomainError):
            _log.error("error without a line", kind=type(error).__name__, exc_info=error, correlation_id=correlation_id)
        return _refusal(_BUG, f"Internal error. Correlation id: {correlation_id}")
    headers = {"retry-after": str(error.retry_after)} if isinstance(error, RateLimited | StoreBusy) else {}
    if isinstance(error, InvalidToken) and error.reason == NO_TOKEN:
        return _refusal(line, TOKEN_MISSING)
    return _refusal(line, line.message or error.public, headers)


def response_to(error: Exception, correlation_id: str) -> Response:
    """`refusal_of` as a response."""
    return _response(refusal_of(error, correlation_id))


def no_route(status: int, operation: Missing | None) -> Response:
    """404 or 405 of the router; `operation` is what the contract has there and this server has not."""
    if operation is not None:
        text = f"This server does not offer {operation.name}."
        return _response(_refusal(Line(404, _SERVICE, "NotSupported"), text))
    if status == 405:
        return _response(_refusal(Line(405, _SERVICE, "MethodNotAllowed"), "This path does not take this method."))
    return _response(_refusal(Line(404, _SERVICE, "NotFound"), "There is nothing at this address."))


def _refusal(line: Line, message: str, headers: dict[str, str] | None = None) -> Refusal:
    body = {"message": message, "errorCode": line.code, "errorCategoryKey": line.category}
    return Refusal(line.status, msgspec.json.encode(body), headers or {})


def _response(refusal: Refusal) -> Response:
    return Response(refusal.body, refusal.status, refusal.headers, "application/json")
