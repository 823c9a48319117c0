"""The claims of an access token."""

from __future__ import annotations

import msgspec


class Actor(msgspec.Struct, frozen=True):
    """Who acts for the subject (RFC 8693 §4.1)."""

    sub: str


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a token. Times are seconds since 1970, as on the wire."""

    iss: str
    sub: str
    aud: str
    exp: int
    iat: int
    jti: str
    client_id: str
    tid: str
    scope: str = ""
    gid: str | None = None
    amr: tuple[str, ...] = ()
    act: Actor | None = None
    nbf: int | None = None
