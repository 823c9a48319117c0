"""Reads the cookies of a request strictly, and in linear time.

The frameworks read all of them for each request, and undo the quoting of RFC 2109 with the standard library, which some
Python patch releases do in quadratic time: 60 KB of backslashes kept every request waiting for seconds. So `app.py`
takes the header out of their sight, and code that needs a cookie asks here. Our own cookies need no quoting.
"""

from __future__ import annotations

import re

from starlette.requests import HTTPConnection
from starlette.types import Scope

_TAKEN = "tenantry.cookies"
_VALUE = re.compile(r'("?)([!#-+\--:<-\[\]-~]*)\1')
"""A value of RFC 6265 §4.1.1: cookie-octets, which may stand in quotation marks."""


def take_cookies(scope: Scope) -> None:
    """Put the Cookie headers where only `cookie_of` looks for them."""
    headers = scope["headers"]
    scope[_TAKEN] = [value for name, value in headers if name == b"cookie"]
    scope["headers"] = [pair for pair in headers if pair[0] != b"cookie"]


def cookie_of(request: HTTPConnection, name: str) -> str:
    """The value, without quotation marks around it; empty when there is no such cookie, or when it has characters that
    RFC 6265 does not allow. Of several the last counts.
    """
    found = ""
    for raw in request.scope[_TAKEN]:
        for pair in raw.decode("latin-1").split(";"):
            key, equals, text = pair.partition("=")
            if equals and key.strip() == name:
                match = _VALUE.fullmatch(text.strip())
                found = match[2] if match else ""
    return found


def cookie_names(request: HTTPConnection, start: str) -> list[str]:
    """The names of the cookies that start so, as the browser sent them: those it has had for longest come first (RFC
    6265 §5.4).
    """
    pairs = (pair for raw in request.scope[_TAKEN] for pair in raw.decode("latin-1").split(";"))
    return [name for name in (pair.partition("=")[0].strip() for pair in pairs) if name.startswith(start)]
