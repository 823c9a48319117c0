"""Hot path: access tokens (0 queries, 1 signature).

Source: RFC 9068 §2 (JWT profile for access tokens), with `tid`, `gid` and `amr` of our own and `act` of RFC 8693 §4.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tenantry.core.caller import Audience
from tenantry.core.clock import SECOND, Micros
from tenantry.core.hiding import hiding
from tenantry.core.ids import GrantId, TenantId, random_16
from tenantry.tokens import base64url
from tenantry.tokens.keys.signing_keys import KeyRing, SigningKey

_encode = msgspec.json.Encoder().encode


@hiding("raw")
class AccessToken(msgspec.Struct, frozen=True):
    """A signed token. `expires_at` is its `exp`, so a whole second."""

    raw: str
    jti: str
    expires_at: Micros

    def __repr__(self) -> str:
        """The other fields, since the token must not be logged."""
        return f"AccessToken(jti={self.jti!r}, expires_at={self.expires_at})"


class Draft(msgspec.Struct, frozen=True, gc=False):
    """A token before its signature, which costs more than all else about it and may be made later.

    `signed`: the bytes that the signature is of. `expires_at` is a whole second.
    """

    key: SigningKey
    signed: bytes
    jti: str
    expires_at: Micros

    def sign(self) -> AccessToken:
        """The token. 1 signature."""
        raw = self.signed + b"." + base64url.encode(self.key.sign(self.signed))
        return AccessToken(raw.decode("ascii"), self.jti, self.expires_at)


def draft_access_token(
    ring: KeyRing,
    *,
    issuer: str,
    audience: Audience,
    subject: str,
    tenant_id: TenantId,
    client_id: str,
    scope: str,
    grant_id: GrantId | None,
    amr: Iterable[str],
    lifetime: Micros,
    now: Micros,
    act: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Draft:
    """A token that lives from `now` for `lifetime`, to be signed.

    `act`: the partner's user or connector that acts for `subject`. `extra`: claims that a surface's clients look at;
    they cannot replace ours.
    """
    issued_at = now // SECOND
    expires_at = (now + lifetime) // SECOND
    jti = random_16().hex()
    claims: dict[str, Any] = dict(extra) if extra else {}
    claims["iss"] = issuer
    claims["sub"] = subject
    claims["aud"] = f"{issuer}/{audience}"
    claims["exp"] = expires_at
    claims["iat"] = issued_at
    claims["jti"] = jti
    claims["client_id"] = client_id
    claims["scope"] = scope
    claims["tid"] = tenant_id
    if grant_id is not None:
        claims["gid"] = grant_id
    claims["amr"] = [*amr]
    if act is not None:
        claims["act"] = {"sub": act}
    key = ring.signer(now)
    return Draft(key, key.header + base64url.encode(_encode(claims)), jti, expires_at * SECOND)
