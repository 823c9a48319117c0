"""Every error this surface can meet, as OAuth's word, an AADSTS number and a status; and how the two bodies look.

Sources: RFC 6749 §5.2; Partner Center contract §1.2 (AAD error body). One number for every bad credential of a kind, so
that the answer tells nothing of the cause.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from tenantry.core import errors
from tenantry.core.caller import Origin
from tenantry.core.clock import Micros, to_iso
from tenantry.core.errors import DomainError
from tenantry.core.ids import new_guid


class Line(NamedTuple):
    """How an error looks: status, the word of RFC 6749, AADSTS number."""

    status: int
    error: str
    number: int


NEVER = None
"""In TABLE: an error of this kind does not reach this surface. If it does, it is answered as a bug."""

TABLE: dict[type[DomainError], Line | None] = {
    errors.InvalidValue: Line(400, "invalid_request", 90100),
    errors.PayloadTooLarge: Line(413, "invalid_request", 90100),
    errors.UnknownCoding: Line(415, "invalid_request", 90100),
    errors.HeaderTooLarge: Line(431, "invalid_request", 90100),
    errors.AddressTooLong: Line(414, "invalid_request", 90100),
    errors.NotFound: Line(400, "invalid_request", 90002),
    errors.InvalidClient: Line(401, "invalid_client", 7000215),
    errors.InvalidGrant: Line(400, "invalid_grant", 70000),
    errors.InvalidToken: Line(401, "invalid_token", 50027),
    errors.InvalidScope: Line(400, "invalid_scope", 500011),
    errors.UnsupportedGrantType: Line(400, "unsupported_grant_type", 70003),
    errors.RateLimited: Line(429, "temporarily_unavailable", 90055),
    errors.StoreBusy: Line(503, "temporarily_unavailable", 90033),
    errors.StoreUnavailable: Line(503, "temporarily_unavailable", 90033),
    errors.AlreadyExists: NEVER,
    errors.AppOnlyRefused: NEVER,
    errors.BadCredentials: NEVER,
    errors.DeviceLimitExceeded: NEVER,
    errors.DeviceTokenExpired: NEVER,
    errors.DeviceTokenNotFound: NEVER,
    errors.DeviceTokenUsed: NEVER,
    errors.FailedPrecondition: NEVER,
    errors.Forbidden: NEVER,
    errors.MfaRequired: NEVER,
    errors.VersionMismatch: NEVER,
}


def line_of(error: DomainError) -> Line | None:
    """The line of the error in the table. An unknown `resource` has a word of its own (RFC 8707 §2: `invalid_target`;
    AAD has another).
    """
    line = TABLE[type(error)]
    if line is not None and isinstance(error, errors.InvalidScope) and error.field == "resource":
        return line._replace(error="invalid_resource")
    return line


class AadError(msgspec.Struct):
    """AAD's body of an error: the description begins with `AADSTS<n>:` and ends with the ids that find the request in
    the log.
    """

    error: str
    error_description: str
    error_codes: list[int]
    timestamp: str
    trace_id: str
    correlation_id: str


class RfcError(msgspec.Struct):
    """The body of an error of RFC 6749 §5.2."""

    error: str
    error_description: str


def aad_body(error: DomainError, line: Line, origin: Origin, now: Micros) -> bytes:
    """An AadError as JSON."""
    trace_id = new_guid()
    at = to_iso(now)
    description = (
        f"AADSTS{line.number}: {error.public} Trace ID: {trace_id} Correlation ID: {origin.correlation_id} "
        f"Timestamp: {at}"
    )
    told = AadError(line.error, description, [line.number], at.replace("T", " "), trace_id, origin.correlation_id)
    return msgspec.json.encode(told)


def rfc_body(error: DomainError, line: Line) -> bytes:
    """An RfcError as JSON."""
    return msgspec.json.encode(RfcError(line.error, error.public))


def no_route(allowed: list[str]) -> tuple[int, bytes]:
    """Status and body where the address takes these methods only; where it takes none, nothing is there."""
    if not allowed:
        return 404, msgspec.json.encode(RfcError("not_found", "There is nothing at this address."))
    description = f"Use {' or '.join(method for method in allowed if method in ('GET', 'POST'))} here."
    return 405, msgspec.json.encode(RfcError("invalid_request", description))


def headers_of(error: DomainError) -> list[tuple[bytes, bytes]]:
    """The headers of an error: Retry-After for one that passes, the challenge of a 401 (RFC 6749 §5.2, RFC 6750 §3)."""
    if isinstance(error, errors.RateLimited | errors.StoreBusy):
        return [(b"retry-after", b"%d" % error.retry_after)]
    if isinstance(error, errors.InvalidClient):
        return [(b"www-authenticate", b'Basic realm="tenantry"')]
    if isinstance(error, errors.InvalidToken):
        return [(b"www-authenticate", b'Bearer error="invalid_token"')]
    return []
