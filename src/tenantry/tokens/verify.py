"""Hot path: checking an access token (0 queries, 1 signature check for a token that was not seen lately).

A token of ours carries exactly the header we minted, so the header is looked up, not interpreted: whatever it says of
algorithm, key or extensions (`alg: none`, HS256, `jwk`, `jku`, `x5c`, `crit`, an unknown `kid`, another `typ`), one
that is not ours byte by byte is refused. It is parsed only to tell the audit trail what was wrong with it.

Sources: RFC 7519 §7.2, RFC 8725 §3.1 and §3.11, RFC 9068 §4.
"""

from __future__ import annotations

import msgspec

from tenantry.core.caller import Audience
from tenantry.core.clock import SECOND, Micros
from tenantry.core.errors import InvalidToken
from tenantry.tokens import base64url
from tenantry.tokens.claims import Claims
from tenantry.tokens.keys.signing_keys import KeyRing, VerifyKey

UNKNOWN_KEY = "unknown_key"
WRONG_AUDIENCE = "audience"
"""The one reason that may be gone once the ring has been read again."""

_LONGEST = 8_192
_KEY_IN_HEADER = ("jwk", "jku", "x5c", "x5u")

_decode_claims = msgspec.json.Decoder(Claims).decode


def verify_access_token(
    ring: KeyRing, raw: str, *, issuer: str, audience: Audience, now: Micros, leeway: Micros
) -> Claims:
    """Check header, signature, `iss`, `aud`, `exp`, `iat` and `nbf`; return the claims.

    `leeway` is the clock skew between servers that a token survives, in either direction. Revocation is not looked at:
    see `callers.authenticate`. Raises InvalidToken; its public text is the same for every cause.
    """
    if len(raw) > _LONGEST or not raw.isascii():
        raise InvalidToken("malformed")
    encoded = raw.encode()
    signed, _, signature_part = encoded.rpartition(b".")
    header, _, payload_part = signed.partition(b".")
    key = ring.find_by_header(header)
    if key is None:
        raise InvalidToken(_fault_of(header, ring))
    claims = ring.verified.find(encoded)
    if claims is None:
        claims = _verify_signature(key, signed, payload_part, signature_part)
        ring.verified.add(encoded, claims)
    fault = _fault_in(claims, f"{issuer}/{audience}", issuer, now, leeway)
    if fault is None and key.verifies_until is not None and key.verifies_until + leeway <= now:
        fault = "retired_key"
    if fault is not None:
        raise InvalidToken(fault)
    return claims


def _verify_signature(key: VerifyKey, signed: bytes, payload_part: bytes, signature_part: bytes) -> Claims:
    """Verify the signature and answer the claims. Raises InvalidToken."""
    signature = base64url.decode(signature_part)
    if signature is None or not key.is_signature(signature, signed):
        raise InvalidToken("signature")
    payload = base64url.decode(payload_part)
    try:
        return _decode_claims(payload or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidToken("claims") from None


def _fault_in(claims: Claims, audience: str, issuer: str, now: Micros, leeway: Micros) -> str | None:
    latest = now + leeway
    if claims.iss != issuer:
        return "issuer"
    if claims.aud != audience:
        return WRONG_AUDIENCE
    if claims.exp * SECOND + leeway <= now:
        return "expired"
    if claims.iat * SECOND > latest or (claims.nbf is not None and claims.nbf * SECOND > latest):
        return "not_yet_valid"
    return None


def _fault_of(header_part: bytes, ring: KeyRing) -> str:
    """Why a header is refused, for the audit trail."""
    decoded = base64url.decode(header_part)
    try:
        header = msgspec.json.decode(decoded or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "malformed"
    if not isinstance(header, dict):
        return "malformed"
    if any(name in header for name in _KEY_IN_HEADER):
        return "key_in_header"
    if "crit" in header:
        return "critical_header"
    kid = header.get("kid")
    key = ring.find(kid) if isinstance(kid, str) else None
    if key is None:
        return UNKNOWN_KEY
    return "algorithm" if header.get("alg") != key.algorithm else "header"
