"""A cache of access tokens whose signature was verified lately."""

from __future__ import annotations

import hashlib

from tenantry.tokens.claims import Claims


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
