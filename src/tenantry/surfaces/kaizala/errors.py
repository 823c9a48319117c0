"""The error body and its one table. Source: Kaizala contract §4.3-4.4, §6 #1-#3.

Clients compare the constants: the C# library signs in again only when all three values of an expired token match.
Names that no source records (`ServiceException` and the codes beside it) are ours.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from tenantry.core import errors
from tenantry.core.errors import DomainError, InvalidToken
from tenantry.surfaces.shared.not_offered import Missing

TOKEN_INVALID = "Invalid token. Failure reason:Token validation failed due to unknown reason!"
TOKEN_MISSING = "Token missing. Header should have token as value of ACCESSTOKEN"
CLIENT_INVALID = "Dont have correct applicationId and secret in header!"

NO_TOKEN = "token_missing"
"""The reason of an InvalidToken when no access token came at all, which has a sentence of its own."""

_AUTH = "AuthException"
_SERVICE = "ServiceException"


class Error(msgspec.Struct, rename="camel"):
    """What every error says, all three keys always; no success has one of them."""

    message: str
    error_code: str
    error_category_key: str


class Line(NamedTuple):
    """How one kind of error looks. Without `message`, its own public text is shown."""

    status: int
    category: str
    code: str
    message: str | None = None


NEVER: Final = None
"""In TABLE: an error of this kind does not reach this surface. If it does, it is answered as a bug."""

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

BUG = Line(500, _SERVICE, "InternalError")
_NOT_SUPPORTED = Line(404, _SERVICE, "NotSupported")
_WRONG_METHOD = Line(405, _SERVICE, "MethodNotAllowed")
_NO_SUCH_ADDRESS = Line(404, _SERVICE, "NotFound")


def line_of(error: DomainError) -> Line | None:
    """The line of the error in the table."""
    return next((TABLE[kind] for kind in type(error).__mro__ if kind in TABLE), NEVER)


def body(line: Line, message: str) -> bytes:
    """The body of an error."""
    return msgspec.json.encode(Error(message, line.code, line.category))


def body_of(line: Line, error: DomainError) -> bytes:
    """The body for an error of the domain, with the sentence of that error."""
    if isinstance(error, InvalidToken) and error.reason == NO_TOKEN:
        return body(line, TOKEN_MISSING)
    return body(line, line.message or error.public)


def unexpected(correlation_id: str) -> bytes:
    """The body for a bug: it has the id under which the log has everything, and nothing else."""
    return body(BUG, f"Internal error. Correlation id: {correlation_id}")


def no_route(missing: Missing | None, *, is_there: bool) -> tuple[Line, str]:
    """How the answer looks where no operation is found.

    `missing`: the vendor's operation that this server does not offer; `is_there`: the path takes other methods.
    """
    if missing is not None:
        return _NOT_SUPPORTED, f"This server does not offer {missing.name}."
    if is_there:
        return _WRONG_METHOD, "This path does not take this method."
    return _NO_SUCH_ADDRESS, "There is nothing at this address."
