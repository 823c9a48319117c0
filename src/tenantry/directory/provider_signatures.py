"""Verifies what an OpenID provider signed: ID tokens, and userinfo where it signs that. Sources: RFC 7515, RFC 8725 §3.

1. The algorithm must be in our list, whatever the token says: neither `none` nor HS256, whose key would be the client's
   secret. The key must be of the kind that the algorithm takes.
2. Header parameters that are not understood are ignored, unless `crit` names them (RFC 7515 §4): we understand none.
3. Keys that are not understood, or not for this, are passed over (RFC 7517 §5): others beside them may be good.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key
from joserfc.jws import JWSRegistry

from tenantry.tokens import base64url


class TokenRefused(Exception):
    """A token or an answer of a provider is refused. The text is a stable word for the trail."""


class _Kind(NamedTuple):
    """Which keys an algorithm takes: `kty`, and the curves of those that have one."""

    kty: str
    curves: tuple[str, ...] = ()


_RSA = _Kind("RSA")
_ED25519 = _Kind("OKP", ("Ed25519",))
ALGORITHMS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), _RSA),
    "ES256": _Kind("EC", ("P-256",)),
    "ES384": _Kind("EC", ("P-384",)),
    "ES512": _Kind("EC", ("P-521",)),
    "Ed25519": _ED25519,
    "EdDSA": _ED25519,
}
MOST_KEYS = 100
_PUBLIC = ("kty", "n", "e", "crv", "x", "y")
"""The members of a key that are read. Reading a private key tries whether its primes are primes, for a third of a
second.
"""
_MAX_NUMBER = 1_400
"""Characters of an RSA modulus of 8,192 bits. Larger ones cost time."""
_MIN_NUMBER = 340
"""Characters of an RSA modulus of 2,048 bits (RFC 7518 §3.3), give or take a leading zero."""
_UNREADABLE = (JoseError, ValueError, KeyError, TypeError, AttributeError, OverflowError)


def verified_claims(raw: str, jwks: Any) -> dict[str, Any]:
    """The claims of a compact JWS, without those that are null. `jwks`: the key set as parsed JSON.

    Raises TokenRefused.
    """
    signed, _dot, signature_part = raw.encode("ascii", "replace").rpartition(b".")
    header_part, _dot, payload_part = signed.partition(b".")
    header = _object(header_part)
    if "crit" in header:
        raise TokenRefused("critical_header")
    name = header.get("alg")
    kind = ALGORITHMS.get(name) if isinstance(name, str) else None
    signature = base64url.decode(signature_part)
    if kind is None or signature is None:
        raise TokenRefused("bad_signature")
    algorithm = JWSRegistry.algorithms[str(name)]
    for key in _keys(jwks, str(name), kind, header.get("kid")):
        try:
            if algorithm.verify(signed, signature, key):
                return _object(payload_part)
        except _UNREADABLE:
            continue
    raise TokenRefused("bad_signature")


def _keys(jwks: Any, name: str, kind: _Kind, kid: object) -> Iterator[Key]:
    """The keys that may have made the signature: those with the token's `kid`; where no key has it, those
    without one.
    """
    found = jwks.get("keys") if isinstance(jwks, dict) else None
    found = found if isinstance(found, list) else []
    if len(found) > MOST_KEYS:
        raise TokenRefused("too_many_keys")
    fitting = [key for key in found if isinstance(key, dict) and _fits(key, name, kind)]
    if isinstance(kid, str):
        named = [key for key in fitting if key.get("kid") == kid]
        fitting = named or [key for key in fitting if key.get("kid") is None]
    for key in fitting:
        try:
            yield import_key({part: key[part] for part in _PUBLIC if key.get(part) is not None})
        except _UNREADABLE:
            continue


def _fits(key: dict[str, Any], name: str, kind: _Kind) -> bool:
    """Whether the key is one that signs by this algorithm. A member that is missing or null forbids nothing."""
    made_for = key.get("alg")
    if kind == _ED25519 and made_for in ("EdDSA", "Ed25519"):
        made_for = None
    operations = key.get("key_ops")
    return (
        key.get("kty") == kind.kty
        and (not kind.curves or key.get("crv") in kind.curves)
        and made_for in (None, name)
        and key.get("use") in (None, "sig")
        and (not isinstance(operations, list) or "verify" in operations)
        and (kind != _RSA or _MIN_NUMBER <= len(str(key.get("n"))) <= _MAX_NUMBER)
    )


def _object(part: bytes) -> dict[str, Any]:
    """A part of the token that is a JSON object, without what is null. Raises TokenRefused."""
    raw = base64url.decode(part)
    try:
        found = json.loads(raw or b"")  # this takes odd values too: whoever reads a claim judges its value
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise TokenRefused("bad_signature")
    return {name: value for name, value in found.items() if value is not None}
