"""What the head of a request may be, whatever the request asks for and whichever surface answers it.

A server refuses a head that is longer than anybody needs before something parses it (RFC 6585 §5, RFC 9110 §15.5.15),
and a request that does not say for which host it is, or says it twice (RFC 9112 §3.2), since a proxy may have read
another host than this server. Of the transfer codings it knows only `chunked`, and reads no body that is packed by
another one. Departs: it refuses that with 400, where RFC 9112 §6.1 asks for 501.
"""

from __future__ import annotations

import re
from functools import lru_cache

from starlette.types import Scope

from tenantry.core.errors import AddressTooLong, DomainError, HeaderTooLarge, InvalidValue

LONGEST_LINE = 8192
"""Bytes of a header with its name, and of path and query: what the usual proxies let through."""

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{0,5}))?")
REFUSED = "tenantry.refused"
"""The key in the scope of a request that is refused whatever it asks for: why."""
CODING = "tenantry.coding"
"""The key in the scope of a request whose body is packed: its Content-Encoding."""


OVERRIDE = "tenantry.override"
"""The key in the scope of a request that names another method than the one it was sent with: that method."""
_LOOKED_AT = frozenset((b"host", b"content-encoding", b"transfer-encoding", b"x-http-method-override"))


def fault_of(scope: Scope) -> DomainError | None:
    """Why the request is not served; None when nothing is wrong with its head. Notes CODING and OVERRIDE.

    Hot path: one look at each header. Of nearly every request only Host is looked at twice.
    """
    path = scope["path"]
    if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > LONGEST_LINE:
        return AddressTooLong(field="address")
    if path[:1] != "/" and (path, scope["method"]) != ("*", "OPTIONS"):
        return InvalidValue("The request is for no address of this server.", field="address")
    looked_at = []
    for name, value in scope["headers"]:
        if len(name) + len(value) > LONGEST_LINE:
            return HeaderTooLarge(f"The header {name[:64].decode('latin-1')} is longer than {LONGEST_LINE} bytes.")
        if name in _LOOKED_AT:
            looked_at.append((name, value))
    if len(looked_at) == 1 and looked_at[0][0] == b"host" and _is_host(looked_at[0][1]):
        return None
    return _fault_in(looked_at, scope)


def _fault_in(looked_at: list[tuple[bytes, bytes]], scope: Scope) -> DomainError | None:
    hosts: list[bytes] = []
    for name, value in looked_at:
        if name == b"host":
            hosts.append(value)
        elif name == b"content-encoding":
            scope[CODING] = b"%b, %b" % (scope[CODING], value) if CODING in scope else value
        elif name == b"x-http-method-override":
            scope.setdefault(OVERRIDE, value)
        elif scope["http_version"] == "1.0":  # RFC 9112 §6.1: a proxy between may have read another length
            return InvalidValue("HTTP/1.0 knows no transfer codings.", field="Transfer-Encoding")
        elif value.strip(b" \t").lower() != b"chunked":
            return InvalidValue("Of the transfer codings only chunked is known.", field="Transfer-Encoding")
    if len(hosts) == 1 and _is_host(hosts[0]):
        return None
    if hosts:
        several = "The request has more than one Host header."
        return InvalidValue(several if len(hosts) > 1 else "The Host header names no host.", field="Host")
    return None if scope["http_version"] == "1.0" else InvalidValue("The request has no Host header.", field="Host")


@lru_cache(maxsize=256)
def _is_host(value: bytes) -> bool:
    match = _HOST.fullmatch(value.strip(b" \t"))
    return match is not None and int(match[1] or 0) < 65_536


def refuse(scope: Scope, fault: DomainError) -> None:
    """Let the surface that owns the path refuse the request, whatever it asks for. The rest of an address that is too
    long is cut off, so that nobody reads it.
    """
    scope[REFUSED] = fault
    if not scope["path"].startswith("/"):
        scope["path"] = "/"
    if isinstance(fault, AddressTooLong):
        scope["path"], scope["query_string"] = scope["path"][:256], b""
