"""Verifies an ID token of another provider. A claim that is null counts as absent. `provider_signatures.py` verifies
its signature.

Sources: OpenID Connect Core §3.1.3.7, RFC 7519 §7.2, RFC 8725 §3.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, NamedTuple

from tenantry.core.clock import SECOND, Micros, to_seconds
from tenantry.directory.identity_providers import NameClaim
from tenantry.directory.provider_signatures import MOST_KEYS, TokenRefused, verified_claims

__all__ = ["MOST_KEYS", "IdToken", "TokenRefused", "has_name", "name_in", "verify_id_token"]

_MAX_SUBJECT = 255  # Core §2
_MAX_NAME = 113
_LATEST = 2**53  # beyond it, floats are not exact, and JSON may hold numbers that no float can


class IdToken(NamedTuple):
    """A verified token. `claims` are all of its claims; `authenticated_at` is there when the provider says when the
    person signed in.
    """

    subject: str
    claims: Mapping[str, Any]
    amr: frozenset[str]
    authenticated_at: Micros | None


def verify_id_token(
    raw: str, jwks: Any, *, issuer: str, client_id: str, nonce: str, leeway: Micros, now: Micros
) -> IdToken:
    """Verify the token. `jwks`: the provider's key set as parsed JSON. Raises TokenRefused."""
    claims = verified_claims(raw, jwks)
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
        claims,
        frozenset(str(word) for word in amr) if isinstance(amr, list) else frozenset(),
        None if authenticated is None else min(int(_time(authenticated) * SECOND), now),
    )


def has_name(claims: Mapping[str, Any], name_claim: str) -> bool:
    """Whether the claims name the person, rightly or not; if not, the provider may do so at userinfo."""
    if name_claim == NameClaim.EMAIL:
        return "email" in claims and "email_verified" in claims
    return "upn" in claims or "preferred_username" in claims


def name_in(claims: Mapping[str, Any], name_claim: str) -> str:
    """The name that the provider vouches for: an address that it says it has verified, or a user principal name.

    Raises TokenRefused. An `email_verified` that is a text or a number is no yes (Core §5.1 has it as a boolean), and
    the trail tells it from a no.
    """
    if name_claim == NameClaim.EMAIL:
        is_verified = claims.get("email_verified", False)
        if not isinstance(is_verified, bool):
            raise TokenRefused("email_verified_not_boolean")
        name = _name(claims.get("email")) if is_verified else None
    else:
        name = _name(claims.get("upn")) or _name(claims.get("preferred_username"))
    if name is None:
        raise TokenRefused("name_not_verified")
    return name


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
