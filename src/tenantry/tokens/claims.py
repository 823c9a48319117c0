"""The claims of an access token, and a cache of tokens whose signature was verified lately."""

from __future__ import annotations

import hashlib

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


class VerifiedTokens:
    """Claims by the hash of their token, so that the signature is not verified again on the caller's next call.

    Only that result is cached: key, audience, time and revocation are checked on each call. Holds at most `limit`
    tokens; the oldest is dropped first.
    """

    __slots__ = ("_claims", "_limit")

    def __init__(self, limit: int = 2_000) -> None:
        self._limit = limit
        self._claims: dict[bytes, Claims] = {}

    def find(self, raw: bytes) -> Claims | None:
        """The claims of exactly this token, signature included."""
        return self._claims.get(_hash(raw))

    def add(self, raw: bytes, claims: Claims) -> None:
        """Remember `raw`, whose signature has been verified."""
        if len(self._claims) >= self._limit:
            del self._claims[next(iter(self._claims))]
        self._claims[_hash(raw)] = claims


def _hash(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()
