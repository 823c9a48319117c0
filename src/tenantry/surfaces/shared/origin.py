"""Where a request came from, for the audit trail and for the id that its answer carries."""

from __future__ import annotations

import re

from starlette.types import Scope

from tenantry.core.caller import Origin
from tenantry.core.ids import CorrelationId, new_guid

_NAMES = (b"ms-correlationid", b"x-correlation-id", b"x-request-id")
_FORWARDED = (b"x-forwarded-for", b"forwarded")
_ALL = frozenset({*_NAMES, *_FORWARDED})
_UNNAMED = "unknown"  # RFC 7239 §6.2
_SANE = re.compile(rb"[A-Za-z0-9{][A-Za-z0-9._:{}-]{0,63}")


def origin_of(scope: Scope) -> Origin:
    """The client's own correlation id when it sent a sane one, else a new GUID; the same `Origin` for one request.

    The address is the peer's, or what a trusted proxy said of it (the server has rewritten `client` by then).
    """
    origin: Origin | None = scope.get("tenantry.origin")
    if origin is None:
        client = scope.get("client")
        told = dict(scope["headers"])
        address = client[0] if client else ""
        if _ALL.isdisjoint(told):
            origin = Origin(CorrelationId(new_guid()), address)
        else:
            origin = Origin(_correlation_id(told), address, _forwarded(told))
        scope["tenantry.origin"] = origin
    return origin


def _correlation_id(told: dict[bytes, bytes]) -> CorrelationId:
    for name in _NAMES:
        value = told.get(name)
        if value is not None and _SANE.fullmatch(value):
            return CorrelationId(value.decode("ascii"))
    return CorrelationId(new_guid())


def _forwarded(told: dict[bytes, bytes]) -> str:
    """The last of the list, which the nearest proxy added; what is before it the client may have made up."""
    for name in _FORWARDED:
        value = told.get(name)
        if value is not None:
            return value.rpartition(b",")[2].strip()[:64].decode("latin-1") or _UNNAMED
    return ""
