"""Verify an ID token of another provider. Sources: OpenID Connect Core §3.1.3.7, RFC 7519 §7.2, RFC 8725 §3.

The algorithm comes from our list, never from the token: no `none`, no HS256 (whose key would be the client's secret).
"""

from __future__ import annotations

import hmac
from typing import Any, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tenantry.core.clock import SECOND, Micros, to_seconds

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
MOST_KEYS = 50
_PUBLIC = frozenset({"kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y"})
_MAX_SUBJECT = 255  # Core §2
_MAX_NAME = 113
_LATEST = 2**53  # a float holds no whole number beyond it, and JSON knows numbers that no float holds


class TokenRefused(Exception):
    """The text is a stable word for the trail."""


class IdToken(NamedTuple):
    """What was verified. `email` only when the provider says it verified it, `authenticated_at` if it says when."""

    subject: str
    email: str | None
    upn: str | None
    amr: frozenset[str]
    authenticated_at: Micros | None


def verify_id_token(
    raw: str, jwks: Any, *, issuer: str, client_id: str, nonce: str, leeway: Micros, now: Micros
) -> IdToken:
    """`jwks`: the provider's key set as parsed JSON. Raises TokenRefused."""
    try:
        claims = jwt.decode(raw, _public_keys(jwks), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise TokenRefused("bad_signature") from None
    if claims.get("iss") != issuer:
        raise TokenRefused("wrong_iss")
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    if client_id not in several or (len(several) > 1 and claims.get("azp") != client_id):
        raise TokenRefused("wrong_aud")
    if claims.get("azp", client_id) != client_id:
        raise TokenRefused("wrong_azp")
    found = claims.get("nonce")
    if not isinstance(found, str) or not hmac.compare_digest(found.encode("utf-8", "replace"), nonce.encode()):
        raise TokenRefused("wrong_nonce")
    _check_times(claims, to_seconds(now), to_seconds(leeway))
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT or not subject.isprintable():
        raise TokenRefused("wrong_sub")
    amr, authenticated = claims.get("amr"), claims.get("auth_time")
    return IdToken(
        subject,
        _name(claims.get("email")) if claims.get("email_verified") is True else None,
        _name(claims.get("upn")) or _name(claims.get("preferred_username")),
        frozenset(str(word) for word in amr) if isinstance(amr, list) else frozenset(),
        None if authenticated is None else min(int(_time(authenticated) * SECOND), now),
    )


def _public_keys(jwks: Any) -> KeySet:
    """Only what is public of them: reading a private key tries whether its primes are, for a third of a second."""
    found = jwks["keys"]
    if len(found) > MOST_KEYS:
        raise TokenRefused("too_many_keys")
    public = [{name: value for name, value in key.items() if name in _PUBLIC} for key in found]
    return KeySet.import_key_set({"keys": public})


def _check_times(claims: dict[str, Any], now: int, leeway: int) -> None:
    expires, issued = _time(claims.get("exp")), _time(claims.get("iat"))
    if expires + leeway <= now:
        raise TokenRefused("expired")
    if max(issued, _time(claims.get("nbf", 0)), _time(claims.get("auth_time", 0))) - leeway > now:
        raise TokenRefused("not_yet_valid")


def _time(claim: object) -> float:
    """Seconds since 1970."""
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not 0 <= claim <= _LATEST:
        raise TokenRefused("wrong_times")
    return claim


def _name(claim: object) -> str | None:
    if not isinstance(claim, str) or not 3 <= len(claim) <= _MAX_NAME or not (claim.isascii() and claim.isprintable()):
        return None
    return claim if claim.count("@") == 1 else None
