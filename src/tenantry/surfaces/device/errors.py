"""Errors of the device side, in the form of Google's APIs. Source: Play EMM contract §3.3, §3.4."""

from __future__ import annotations

from collections.abc import Mapping

from tenantry.core import errors
from tenantry.core.errors import DomainError
from tenantry.surfaces.shared.google_error import GoogleError, error_body

NEVER = None
"""In TABLE: an error of this kind does not reach this surface. If it does, it is answered as a bug."""

JSON = "application/json; charset=UTF-8"

_UNAVAILABLE = GoogleError(503, "UNAVAILABLE", "backendError")

TABLE: Mapping[type[DomainError], GoogleError | None] = {
    errors.InvalidValue: GoogleError(400, "INVALID_ARGUMENT", "invalid"),
    errors.PayloadTooLarge: GoogleError(413, "INVALID_ARGUMENT", "requestTooLarge"),
    errors.UnknownCoding: GoogleError(415, "INVALID_ARGUMENT", "invalid"),
    errors.HeaderTooLarge: GoogleError(431, "INVALID_ARGUMENT", "invalid"),
    errors.AddressTooLong: GoogleError(414, "INVALID_ARGUMENT", "invalid"),
    errors.DeviceTokenNotFound: GoogleError(404, "NOT_FOUND", "tokenNotFound"),
    errors.DeviceTokenUsed: GoogleError(409, "ABORTED", "tokenAlreadyUsed"),
    errors.DeviceTokenExpired: GoogleError(410, "FAILED_PRECONDITION", "tokenExpired"),
    errors.DeviceLimitExceeded: GoogleError(403, "FAILED_PRECONDITION", "deviceLimitExceeded"),
    errors.RateLimited: GoogleError(429, "RESOURCE_EXHAUSTED", "rateLimitExceeded"),
    errors.StoreBusy: _UNAVAILABLE,
    errors.StoreUnavailable: _UNAVAILABLE,
    errors.NotFound: NEVER,
    errors.AlreadyExists: NEVER,
    errors.FailedPrecondition: NEVER,
    errors.VersionMismatch: NEVER,
    errors.Forbidden: NEVER,
    errors.AppOnlyRefused: NEVER,
    errors.MfaRequired: NEVER,
    errors.BadCredentials: NEVER,
    errors.InvalidClient: NEVER,
    errors.InvalidGrant: NEVER,
    errors.InvalidToken: NEVER,
    errors.InvalidScope: NEVER,
    errors.UnsupportedGrantType: NEVER,
}


def no_route(*, is_there: bool) -> tuple[int, bytes]:
    """Status and body: 405 where the address takes other methods, else 404."""
    if is_there:
        wire = GoogleError(405, "UNIMPLEMENTED", "httpMethodNotAllowed")
        return wire.code, error_body(wire, "This address does not take this HTTP method.")
    wire = GoogleError(404, "NOT_FOUND", "notFound")
    return wire.code, error_body(wire, "There is nothing at this address.")
