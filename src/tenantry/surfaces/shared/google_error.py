"""The error body of Google's APIs, with which the Play EMM surface and the device side answer.

Source: Play EMM contract §3.4. There is never a `details` array, since the client would show it instead of `errors`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from tenantry.core.errors import DomainError


class _Entry(msgspec.Struct, rename="camel", omit_defaults=True):
    """One error. `location` names the parameter or field at fault, when there is one."""

    message: str
    domain: str
    reason: str
    location_type: str | None = None
    location: str | None = None


class _Error(msgspec.Struct):
    """What went wrong; `message` is for people, `status` and `reason` are for programs."""

    code: int
    message: str
    errors: list[_Entry]
    status: str


class GoogleErrorBody(msgspec.Struct):
    """The body of every error."""

    error: _Error


class GoogleError(NamedTuple):
    """How one kind of error goes over the wire."""

    code: int
    status: str
    reason: str


def error_body(wire: GoogleError, message: str, field: str | None = None) -> bytes:
    """`field` is named as `location`, in the wire's camel case, and in the message when that does not name it."""
    location = None if field is None else to_camel(field)
    if location is not None and location not in message:
        message = f"{location}: {message}"
    entry = _Entry(message, "global", wire.reason, None if location is None else "parameter", location)
    return msgspec.json.encode(GoogleErrorBody(_Error(wire.code, message, [entry], wire.status)))


def body_of(wire: GoogleError, error: DomainError) -> bytes:
    """The body for an error of the domain, with what of it may leave the server."""
    return error_body(wire, error.public, error.field)


def to_camel(name: str) -> str:
    """The name in camel case, as in `accountType` for `account_type`; a name that is in camel case already stays."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
