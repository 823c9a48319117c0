"""Errors of the device side, in the form of Google's APIs. Source: Play EMM contract §3.3, §3.4."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from tenantry.core import errors
from tenantry.core.caller import Origin
from tenantry.core.errors import DomainError
from tenantry.surfaces.shared.google_error import GoogleError, body_of, error_body
from tenantry.surfaces.shared.origin import origin_of

NEVER = None
"""A bug if it gets here."""

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


def refuse(error: DomainError, origin: Origin) -> Response:
    """The answer to an error. What is NEVER goes up as it came."""
    wire = TABLE[type(error)]
    if wire is NEVER:
        raise error
    headers: dict[str, str] = {"x-correlation-id": origin.correlation_id}
    if isinstance(error, errors.StoreBusy | errors.RateLimited):
        headers["retry-after"] = str(error.retry_after)
    return Response(body_of(wire, error), wire.code, headers, JSON)


async def on_domain_error(request: Request, error: Exception) -> Response:
    """What is refused before a route sees it."""
    assert isinstance(error, DomainError)  # noqa: S101 - it is registered for the family only
    return refuse(error, origin_of(request.scope))


async def no_route(_request: Request, allowed: list[str]) -> Response:
    """Only one path is served."""
    if allowed:
        wire = GoogleError(405, "UNIMPLEMENTED", "httpMethodNotAllowed")
        return Response(error_body(wire, "This address does not take this HTTP method."), 405, media_type=JSON)
    body = error_body(GoogleError(404, "NOT_FOUND", "notFound"), "There is nothing at this address.")
    return Response(body, 404, media_type=JSON)
