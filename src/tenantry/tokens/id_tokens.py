"""ID tokens: they tell the connector that asked for one, by `openid`, who signed in, when and how.

A grant keeps the sign-in in which the user gave it, so a refresh can tell of it again: `auth_time` stays, there is no
nonce, and names are those of today (OpenID Connect Core §12.2). This server has no userinfo, so what `profile` asks for
is in here (§5.4). `email` asks for nothing: nobody has proven that the user reads what is sent to an address.

Source: OpenID Connect Core §2. `auth_time` is always there, so that a connector can check that `prompt=login` and
`max_age` were respected: both travel through the browser, whose user can remove them. `typ` differs from that of access
tokens.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import msgspec

from tenantry.core.clock import Micros, to_seconds
from tenantry.core.ids import GrantId, TenantId
from tenantry.store.engine.interface import Read
from tenantry.store.tokens.presented import GrantedSignIn, find_granted_sign_in
from tenantry.tokens import base64url
from tenantry.tokens.issuing import Issuing, TokenAsk

SCOPES = ("openid", "profile", "offline_access")
SIGN_IN_SCOPES = frozenset({*SCOPES, "email"})
"""Words that ask for no resource (OpenID Connect Core §5.4, §11)."""

_PROFILE = ("name", "given_name", "family_name", "preferred_username")
CLAIMS = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "amr", "tid", *_PROFILE)


class SignIn(NamedTuple):
    """When the user signed in, and what a connector asked to know: words of `SIGN_IN_SCOPES`, `openid` among them."""

    authenticated_at: Micros
    scope: str


def sign_in_scope(scope: str) -> str | None:
    """Answer those of the words that ask who the user is. None without `openid`: then nobody asks (§3.1.2.1)."""
    words = SIGN_IN_SCOPES.intersection(scope.split())
    return " ".join(sorted(words)) if "openid" in words else None


def without_sign_in(scope: str, known: Collection[str]) -> list[str]:
    """Answer the words that ask for something else. Beside `openid`, one that is not `known` asks for nothing
    (§3.1.2.1), unless it looks like another's resource (`https://host/scope`, `User.Read`): a connector that asks for
    that is not to get ours.
    """
    words = scope.split()
    asked = [word for word in words if word not in SIGN_IN_SCOPES]
    if "openid" not in words:
        return asked
    return [word for word in asked if word in known or "/" in word or "." in word]


async def issue_id_token(
    issuing: Issuing, read: Read, ask: TokenAsk, tenant_id: TenantId, grant_id: GrantId, nonce: str | None = None
) -> str | None:
    """Sign a token of the sign-in that the grant keeps, for the grant's connector. None when it keeps none.

    1 read, 1 signature.
    """
    found = await find_granted_sign_in(read, tenant_id, grant_id)
    if found is None:
        return None
    claims: dict[str, Any] = {
        "iss": issuing.issuer,
        "sub": found.user_id,
        "aud": found.connector_id,
        "exp": to_seconds(ask.now + issuing.lifetimes.access[ask.audience]),
        "iat": to_seconds(ask.now),
        "auth_time": to_seconds(found.authenticated_at),
        "amr": found.amr.split(),
        "tid": tenant_id,
    }
    if nonce is not None:
        claims["nonce"] = nonce
    if "profile" in found.scope.split():
        claims |= _profile_of(found)
    key = issuing.ring.signer(ask.now)
    header = base64url.encode(msgspec.json.encode({"alg": key.algorithm, "kid": key.kid, "typ": "JWT"}))
    signed = header + b"." + base64url.encode(msgspec.json.encode(claims))
    return (signed + b"." + base64url.encode(key.sign(signed))).decode("ascii")


def _profile_of(user: GrantedSignIn) -> dict[str, str]:
    """Answer the claims of `profile`, without those that are not known (OpenID Connect Core §5.3.2)."""
    values = (user.display_name, user.given_name, user.family_name, user.user_principal_name)
    return {name: value for name, value in zip(_PROFILE, values, strict=True) if value}
