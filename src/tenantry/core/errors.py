"""The one family of errors that domain code raises.

Each has a `public` text, which may leave the server, and an `internal` one, which goes to the log and the audit trail
only. Domain code knows no status codes: each surface has one table that maps every kind to its wire form.
"""

from __future__ import annotations

from typing import ClassVar


class DomainError(Exception):
    """Base of the family. `field` names the input at fault, in the words of the domain, when there is one."""

    default: ClassVar[str] = "The request could not be carried out."
    decision: object = None
    """The `access.Decision` behind a denial, for the audit trail."""

    def __init__(self, public: str | None = None, *, internal: str = "", field: str | None = None) -> None:
        self.public = public or self.default
        self.internal = internal
        self.field = field
        super().__init__(self.internal or self.public)


class InvalidValue(DomainError):
    """A value is missing, malformed or outside its limits. `field` names it; the text says how to fix it."""

    default = "A value is not valid."


class PayloadTooLarge(InvalidValue):
    """The body is larger than the configured limit."""

    default = "The request body is too large."


class UnknownCoding(InvalidValue):
    """The body is packed by a coding that this server cannot unpack."""

    default = "The Content-Encoding of the request is not known here. Send the body as it is, or in gzip."


class HeaderTooLarge(InvalidValue):
    """A line of the request's head is longer than anybody needs."""

    default = "A header of the request is too long."


class AddressTooLong(InvalidValue):
    """Path and query of the request are longer than anybody needs."""

    default = "The address of the request is too long."


class NotFound(DomainError):
    """There is no such thing, or the caller may not know that there is: the two look alike. `what` is our word
    for it.
    """

    default = "Not found."

    def __init__(self, what: str = "resource", public: str | None = None, *, internal: str = "") -> None:
        self.what = what
        super().__init__(public or f"No such {what}.", internal=internal)


class AlreadyExists(DomainError):
    """A unique value is taken. `field` names it, `value` holds it."""

    default = "It already exists."

    def __init__(self, public: str | None = None, *, field: str | None = None, value: str = "") -> None:
        self.value = value
        super().__init__(public, field=field)


class FailedPrecondition(DomainError):
    """The thing is in a state in which this cannot be done, e.g. a Google-managed account."""

    default = "This cannot be done in the present state."


class VersionMismatch(DomainError):
    """Somebody else changed the row since the caller read it."""

    default = "It has been changed meanwhile. Read it again and retry."


class Forbidden(DomainError):
    """The caller is authenticated, and may not do this. `reason` is a stable word of `access.Reason`, for the audit
    trail.
    """

    default = "You are not allowed to do this."

    def __init__(self, public: str | None = None, *, reason: str = "", internal: str = "") -> None:
        self.reason = reason
        super().__init__(public, internal=internal or reason)


class AppOnlyRefused(Forbidden):
    """The operation needs a signed-in user behind the connector, and has a connector alone."""

    default = "This operation needs app+user credentials. Sign a user in; an application alone is refused."


class MfaRequired(DomainError):
    """The token was issued without a second factor."""

    default = "Multi-factor authentication is required."


class BadCredentials(DomainError):
    """A secret, PIN, code or client authentication is wrong, expired, revoked or unknown. One public answer stands for
    all of these; `reason` says which it is, for the audit trail only.
    """

    default = "The credentials are not valid."

    def __init__(self, reason: str, public: str | None = None) -> None:
        self.reason = reason
        super().__init__(public, internal=reason)


class InvalidClient(BadCredentials):
    """Client authentication failed (RFC 6749 §5.2 `invalid_client`)."""

    default = "The connector ID or secret is not valid."


class InvalidGrant(BadCredentials):
    """The authorization code, assertion or refresh token is not usable (RFC 6749 §5.2 `invalid_grant`)."""

    default = "The grant is invalid, expired or revoked."


class InvalidToken(BadCredentials):
    """The access token is not usable (RFC 6750 §3.1 `invalid_token`)."""

    default = "The access token is not valid."


class InvalidScope(DomainError):
    """The requested scope or resource is unknown or exceeds the grant (RFC 6749 §5.2 `invalid_scope`)."""

    default = "The requested scope is not valid."


class UnsupportedGrantType(DomainError):
    """The token endpoint does not have this grant type (RFC 6749 §5.2 `unsupported_grant_type`)."""

    default = "This grant type is not supported."


class RateLimited(DomainError):
    """There were too many requests. `retry_after` is in whole seconds, at least 1."""

    default = "Too many requests. Wait, then retry."

    def __init__(self, retry_after: int, public: str | None = None) -> None:
        self.retry_after = max(1, retry_after)
        super().__init__(public)


class DeviceLimitExceeded(DomainError):
    """The managed account has as many live devices as it may have."""

    default = "The account has reached its device limit. Revoke a device, then retry."


class DeviceTokenUsed(DomainError):
    """The device token was redeemed before."""

    default = "The token has been used."


class DeviceTokenExpired(DomainError):
    """The device token's time is over."""

    default = "The token has expired. Ask for a new one."


class DeviceTokenNotFound(DomainError):
    """There is no such device token: it is unknown, malformed or revoked, or its account is gone."""

    default = "The token is not known."


class StoreBusy(DomainError):
    """The store could not take the work in time, and wrote nothing. Try again after `retry_after` whole seconds."""

    default = "The server is busy. Retry in a moment."
    retry_after = 1


class StoreUnavailable(StoreBusy):
    """The store cannot answer, or failed at commit. On PostgreSQL a failed commit may have been kept."""

    default = "The server cannot reach its storage. Retry in a moment."
    retry_after = 5


def all_kinds() -> list[type[DomainError]]:
    """Every class of the family, for the tests that ask each surface's table for a line."""
    found: list[type[DomainError]] = []
    queue: list[type[DomainError]] = [DomainError]
    while queue:
        kind = queue.pop()
        children = kind.__subclasses__()
        queue.extend(children)
        found.extend(children)
    return sorted(set(found), key=lambda kind: kind.__name__)
