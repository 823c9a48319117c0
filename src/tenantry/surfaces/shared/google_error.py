"""The error body of Google's APIs, which the Play EMM surface and the device side answer with.

Source: Play EMM contract §3.4. There is never a `details` array: the client would show it instead of `errors`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from tenantry.core.errors import DomainError


class GoogleError(NamedTuple):
    """How one kind of error goes over the wire."""

    code: int
    status: str
    reason: str


def error_body(wire: GoogleError, message: str, field: str | None = None) -> bytes:
    """`field` is named as `location`, in the wire's camel case, and in the message when that does not name it."""
    entry: dict[str, Any] = {"message": message, "domain": "global", "reason": wire.reason}
    if field is not None:
        location = to_camel(field)
        if location not in message:
            message = entry["message"] = f"{location}: {message}"
        entry |= {"locationType": "parameter", "location": location}
    return msgspec.json.encode(
        {"error": {"code": wire.code, "message": message, "errors": [entry], "status": wire.status}}
    )


def body_of(wire: GoogleError, error: DomainError) -> bytes:
    """What may leave the server of an error of the domain."""
    return error_body(wire, error.public, error.field)


def to_camel(name: str) -> str:
    """`account_type` -> `accountType`; what is camel case already stays."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
