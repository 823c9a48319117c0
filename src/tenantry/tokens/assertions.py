"""Service accounts: a JWT signed with the account's own key authenticates it, at the token endpoint or as bearer token.

The key is found by the account's address (`iss`) and its id (`kid`), never taken from the JWT; its algorithm is RS256.
`kid` is optional (RFC 7515 §4.1.4), and several libraries leave it out: then the account's newest keys are tried.
A JWT may be used again until it expires, as at the vendor. Nothing is cached, so a revoked key stops at once.

Source: Play EMM contract §5.4 and §5.5, RFC 7515 §4.1, RFC 8725 §3.1.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tenantry.core.caller import Audience, Caller, CallerKind, Origin
from tenantry.core.clock import HOUR, MINUTE, SECOND, Micros
from tenantry.core.errors import InvalidToken
from tenantry.core.ids import TenantId
from tenantry.settings import AssertionAudiences
from tenantry.store.engine.interface import Read
from tenantry.store.tokens import presented
from tenantry.store.tokens.presented import PresentedKey
from tenantry.tokens import base64url

ASSERTION_LEEWAY = 5 * MINUTE
"""Clock skew of the machines that service accounts run on."""

TOKEN_PATHS = ("/token", "/oauth2/v4/token", "/oauth2/v3/token", "/o/oauth2/token")
"""Paths of the token endpoint for assertions: the one in today's key files, and those in older ones."""
VENDOR_AUDIENCES = (
    "https://oauth2.googleapis.com/token",
    "https://www.googleapis.com/oauth2/v4/token",
    "https://www.googleapis.com/oauth2/v3/token",
    "https://accounts.google.com/o/oauth2/token",
)
"""The `aud` that Google's libraries, current and older, write whatever the key file's token_uri says."""

_LONGEST_LIFE = HOUR
_LONGEST = 8_192
_MOST_TRIED = 10
"""The most keys that are tried when a JWT has no `kid`: anybody can cause this cost. Ten checks take a millisecond."""


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str | None = None
    crit: None = None
    """No extension is understood, so a header that has critical ones is malformed (RFC 7515 §4.1.11)."""


class AssertionClaims(msgspec.Struct, frozen=True):
    """The claims of an assertion. Times may be fractions of a second (RFC 7519 §2)."""

    iss: str
    iat: float
    exp: float
    sub: str | None = None
    aud: str | list[str] | None = None
    scope: str | None = None


class AssertionRefused(Exception):
    """The JWT was refused. `tenant_id`: the tenant of the account it named, known once a key of that was found."""

    def __init__(self, reason: str, tenant_id: TenantId | None = None) -> None:
        self.reason = reason
        self.tenant_id = tenant_id
        super().__init__(reason)


_decode_header = msgspec.json.Decoder(_Header).decode
_decode_claims = msgspec.json.Decoder(AssertionClaims).decode


def audiences_of(issuer: str, accepted: AssertionAudiences) -> tuple[str, ...]:
    """The values of `aud` that an assertion for the server at `issuer` may have."""
    own = tuple(f"{issuer}{path}" for path in TOKEN_PATHS)
    return {
        "own": own,
        "vendor": (*own, *VENDOR_AUDIENCES),
        "any": (*own, *VENDOR_AUDIENCES, issuer, f"{issuer}/"),
    }[accepted]


def bearer_audiences_of(issuer: str, accepted: AssertionAudiences) -> tuple[str | None, ...]:
    """What a bearer token that a service account has signed itself may have as its `aud`. None: it may name none, as
    Google's client libraries write it for scopes; then it is as good at every server that knows the account.
    """
    here = (issuer, f"{issuer}/")
    return here if accepted == "own" else (*here, None)


async def authenticate_self_signed(
    read: Read,
    raw: str,
    *,
    accepted_audiences: Collection[str | None],
    required_scope: str,
    audience: Audience,
    origin: Origin,
    now: Micros,
    leeway: Micros,
) -> Caller:
    """The service account that signed the bearer token itself: for an accepted audience; or with `required_scope`,
    where None is among the audiences and the token names none.

    Raises InvalidToken. 1 read.
    """
    try:
        claims, account = await verify_assertion(read, raw, accepted_audiences, now, leeway)
    except AssertionRefused as refused:
        raise InvalidToken(refused.reason) from None
    only_audience = claims.scope is None and claims.aud is not None
    if not only_audience and required_scope not in (claims.scope or "").split():
        raise InvalidToken("scope")
    return Caller(
        CallerKind.SERVICE_ACCOUNT,
        origin,
        audience,
        tenant_id=account.tenant_id,
        connector_id=account.connector_id,
        permissions=frozenset(account.permissions.split()),
    )


async def verify_assertion(
    read: Read, raw: str, accepted_audiences: Collection[str | None], now: Micros, leeway: Micros
) -> tuple[AssertionClaims, PresentedKey]:
    """Check everything but the scope; None among the audiences accepts a JWT without `aud`. Raises AssertionRefused.

    1 read, none for garbage.
    """
    if len(raw) > _LONGEST or not raw.isascii():
        raise AssertionRefused("malformed")
    signed, _, signature_part = raw.encode().rpartition(b".")
    header_part, _, payload_part = signed.partition(b".")
    signature = base64url.decode(signature_part)
    try:
        header = _decode_header(base64url.decode(header_part) or b"")
        claims = _decode_claims(base64url.decode(payload_part) or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise AssertionRefused("malformed") from None
    if signature is None or header.alg != "RS256" or "\0" in claims.iss + (header.kid or ""):
        raise AssertionRefused("malformed")
    accounts = await _find_keys(read, claims.iss, header.kid)
    if not accounts:
        raise AssertionRefused("unknown_key")
    account, fault = accounts[0], _fault_of_key(accounts[0], signature, signed)
    for other in accounts[1:]:
        if fault == "signature":
            account, fault = other, _fault_of_key(other, signature, signed)
    fault = fault or _fault_in(claims, accepted_audiences, now, leeway)
    if fault is not None:
        raise AssertionRefused(fault, account.tenant_id)
    return claims, account


async def _find_keys(read: Read, email: str, key_id: str | None) -> list[PresentedKey]:
    """The key that `kid` names, or those that may have signed."""
    if not key_id:
        return await presented.list_service_account_keys(read, email, limit=_MOST_TRIED)
    named = await presented.find_service_account_key(read, email, key_id)
    return [] if named is None else [named]


def _fault_of_key(account: PresentedKey, signature: bytes, signed: bytes) -> str | None:
    key = load_pem_public_key(account.public_key.encode())
    if account.algorithm != "RS256" or not isinstance(key, rsa.RSAPublicKey):
        return "algorithm"
    try:
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return "signature"
    causes = (
        (account.revoked_at, "key_revoked"),
        (account.deleted_at, "connector_deleted"),
        (account.deactivated_at, "connector_deactivated"),
        (account.tenant_ended_at, "tenant_ended"),
    )
    return next((reason for at, reason in causes if at is not None), None)


def _fault_in(
    claims: AssertionClaims, accepted_audiences: Collection[str | None], now: Micros, leeway: Micros
) -> str | None:
    audiences = claims.aud if isinstance(claims.aud, list) else [claims.aud]  # RFC 7519 §4.1.3: one, several or none
    if not any(audience in accepted_audiences for audience in audiences):
        return "audience"
    if claims.sub not in (None, claims.iss):
        return "subject"  # acting for a user by domain-wide delegation is not offered
    if claims.exp * SECOND + leeway <= now:
        return "expired"
    if claims.iat * SECOND > now + leeway:
        return "not_yet_valid"
    return "too_long_a_life" if (claims.exp - claims.iat) * SECOND > _LONGEST_LIFE else None
