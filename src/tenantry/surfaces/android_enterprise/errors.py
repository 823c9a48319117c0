"""Errors of the Play EMM surface. Source: Play EMM contract §3.3 and §3.4."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from tenantry.core import errors
from tenantry.core.errors import DomainError
from tenantry.surfaces.android_enterprise.methods import CLOSED, MANAGEMENT, NOT_OFFERED
from tenantry.surfaces.shared.denials import note_denial
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.google_error import GoogleError, body_of, error_body
from tenantry.surfaces.shared.origin import origin_of

NEVER = None
"""A bug if it gets here."""

JSON = "application/json; charset=UTF-8"

_TOO_LARGE = GoogleError(413, "INVALID_ARGUMENT", "requestTooLarge")
_UNSUPPORTED = GoogleError(400, "FAILED_PRECONDITION", "notSupported")
_NOT_HERE = "is not offered by this server."
_CLOSED = GoogleError(403, "PERMISSION_DENIED", "forbidden")
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

_WRONG_VERB = error_body(
    GoogleError(405, "UNIMPLEMENTED", "httpMethodNotAllowed"), "This address does not take this HTTP method."
)
_NOT_SERVED = error_body(GoogleError(404, "NOT_FOUND", "notFound"), "There is no such method.")


_TOO_MUCH = error_body(
    _TOO_LARGE,
    "The answers of this batch became too large before this request was begun. Send it in another batch.",
)


async def refuse(deps: Deps, request: Request, error: DomainError) -> Response:
    """The answer to an error, with a mark in the trail when it is a denial. What is NEVER goes up as it came."""
    wire = TABLE[type(error)]
    if wire is NEVER:
        raise error
    caller = getattr(request.state, "caller", None)
    if caller is not None:
        await note_denial(deps, caller, error)
    headers: dict[str, str] = {"x-correlation-id": origin_of(request.scope).correlation_id}
    if wire.code == 401:
        headers["www-authenticate"] = 'Bearer realm="tenantry"'  # the client's HTTP library dies of a bare scheme
    if isinstance(error, errors.RateLimited | errors.StoreBusy):
        headers["retry-after"] = str(error.retry_after)
    return Response(body_of(wire, error), wire.code, headers, JSON)


async def on_domain_error(request: Request, error: Exception) -> Response:
    """FastAPI's handler for the family."""
    assert isinstance(error, DomainError)  # noqa: S101 - it is registered for the family only
    return await refuse(deps_of(request), request, error)


async def no_route(request: Request, allowed: list[str]) -> Response:
    """A path or verb that this surface does not serve.

    A method of the API that is not offered says so, since 404 would mean that the thing is gone.
    """
    asked = request.method, request.url.path
    operation = NOT_OFFERED.find(*asked) or MANAGEMENT.find(*asked)
    if operation is None:
        return Response(_WRONG_VERB, 405, media_type=JSON) if allowed else not_served()
    wire, message = (
        (_CLOSED, "is closed; use Device.policy.") if operation.name in CLOSED else (_UNSUPPORTED, _NOT_HERE)
    )
    return Response(error_body(wire, f"{operation.name} {message}"), wire.code, media_type=JSON)


def not_served() -> Response:
    """The answer for a method of the API, or of nobody, that is not here."""
    return Response(_NOT_SERVED, 404, media_type=JSON)


def too_much() -> Response:
    """The answer for a request of a batch that has no room left."""
    return Response(_TOO_MUCH, 413, media_type=JSON)


async def on_bug(request: Request, _error: Exception) -> Response:
    """Answers with the id under which the log has it; the error goes on up and is logged there."""
    correlation_id = origin_of(request.scope).correlation_id
    body = error_body(GoogleError(500, "INTERNAL", "backendError"), f"Internal error {correlation_id}.")
    return Response(body, 500, {"x-correlation-id": correlation_id}, JSON)
