"""Errors of the Play EMM surface. Source: Play EMM contract §3.3 and §3.4."""

from __future__ import annotations

from collections.abc import Mapping

from tenantry.core import errors
from tenantry.core.errors import DomainError
from tenantry.surfaces.operation import Headers
from tenantry.surfaces.shared.answers import Answer
from tenantry.surfaces.shared.google_error import GoogleError, body_of, error_body

NEVER = None
"""In TABLE: an error of this kind does not reach this surface. If it does, it is answered as a bug."""

JSON = "application/json; charset=UTF-8"

_TOO_LARGE = GoogleError(413, "INVALID_ARGUMENT", "requestTooLarge")
_UNAVAILABLE = GoogleError(503, "UNAVAILABLE", "backendError")

TABLE: Mapping[type[DomainError], GoogleError | None] = {
    errors.InvalidValue: GoogleError(400, "INVALID_ARGUMENT", "invalid"),
    errors.PayloadTooLarge: _TOO_LARGE,
    errors.UnknownCoding: GoogleError(415, "INVALID_ARGUMENT", "invalid"),
    errors.HeaderTooLarge: GoogleError(431, "INVALID_ARGUMENT", "invalid"),
    errors.AddressTooLong: GoogleError(414, "INVALID_ARGUMENT", "invalid"),
    errors.NotFound: GoogleError(404, "NOT_FOUND", "notFound"),
    errors.AlreadyExists: GoogleError(409, "ALREADY_EXISTS", "conflict"),
    errors.FailedPrecondition: GoogleError(400, "FAILED_PRECONDITION", "invalid"),
    errors.Forbidden: GoogleError(403, "PERMISSION_DENIED", "forbidden"),
    errors.InvalidToken: GoogleError(401, "UNAUTHENTICATED", "authError"),
    errors.RateLimited: GoogleError(429, "RESOURCE_EXHAUSTED", "rateLimitExceeded"),
    errors.DeviceLimitExceeded: GoogleError(403, "FAILED_PRECONDITION", "deviceLimitExceeded"),
    errors.StoreBusy: _UNAVAILABLE,
    errors.StoreUnavailable: _UNAVAILABLE,
    errors.VersionMismatch: NEVER,
    errors.AppOnlyRefused: NEVER,
    errors.MfaRequired: NEVER,
    errors.BadCredentials: NEVER,
    errors.InvalidClient: NEVER,
    errors.InvalidGrant: NEVER,
    errors.InvalidScope: NEVER,
    errors.UnsupportedGrantType: NEVER,
    errors.DeviceTokenUsed: NEVER,
    errors.DeviceTokenExpired: NEVER,
    errors.DeviceTokenNotFound: NEVER,
}

_JSON = (b"content-type", JSON.encode())


def _saying(code: int, status: str, reason: str, message: str) -> Answer:
    return Answer(code, error_body(GoogleError(code, status, reason), message), [_JSON])


def answer_of(wire: GoogleError, error: DomainError, headers: Headers) -> Answer:
    """The response to an error of the domain, with what of it may leave the server."""
    return Answer(wire.code, body_of(wire, error), [_JSON, *headers])


def wrong_verb() -> Answer:
    """The response where the address is there and takes other methods."""
    return _saying(405, "UNIMPLEMENTED", "httpMethodNotAllowed", "This address does not take this HTTP method.")


def not_served() -> Answer:
    """The response where nothing is at the address."""
    return _saying(404, "NOT_FOUND", "notFound", "There is no such method.")


def not_offered(name: str, *, is_closed: bool) -> Answer:
    """The response to a method of the vendor's API that this server does not have. `is_closed`: the vendor has closed
    it too.
    """
    if is_closed:
        return _saying(403, "PERMISSION_DENIED", "forbidden", f"{name} is closed; use Device.policy.")
    return _saying(400, "FAILED_PRECONDITION", "notSupported", f"{name} is not offered by this server.")


def too_much() -> Answer:
    """The response to a request of a batch whose answers are too large already."""
    text = "The answers of this batch became too large before this request was begun. Send it in another batch."
    return Answer(_TOO_LARGE.code, error_body(_TOO_LARGE, text), [_JSON])


def bug(correlation_id: str) -> Answer:
    """The response to a bug, with the id under which the log has it."""
    body = error_body(GoogleError(500, "INTERNAL", "backendError"), f"Internal error {correlation_id}.")
    return Answer(500, body, [_JSON, (b"x-correlation-id", correlation_id.encode())])
