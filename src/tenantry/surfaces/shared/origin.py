"""Where a request came from, for the audit trail and for the id in its answer."""

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
    """The `Origin` of the request, the same each time it is asked for. Its correlation id is the client's own, when the
    client sent a sane one, else a new GUID.

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
    """The last address of the list, which the nearest proxy added. The client may have made up what is before it."""
    for name in _FORWARDED:
        value = told.get(name)
        if value is not None:
            return value.rpartition(b",")[2].strip()[:64].decode("latin-1") or _UNNAMED
    return ""
