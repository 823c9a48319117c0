"""Reads an OpenID provider's discovery document, its keys and its userinfo: leniently in their form, strictly in whom
they are about.

A value that is null counts as absent, and what is not understood is passed over. Sources: OpenID Connect Discovery §3
and §4.3, OpenID Connect Core §5.3 (userinfo), RFC 9207 §3.
"""

from __future__ import annotations

import json
from enum import Enum, auto
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from tenantry.core.http import OutgoingHttp, Reply, Unreachable
from tenantry.core.ids import TenantId
from tenantry.directory.provider_signatures import TokenRefused, verified_claims

MAX_DOCUMENT = 65_536
"""Bytes of a provider's answer; key sets with certificates have up to half of that."""
_WELL_KNOWN = "/.well-known/"
_CONFIGURATION = f"{_WELL_KNOWN}openid-configuration"
_MAX_NAMED = 512


class Mistake(Enum):
    """The mistake that somebody most likely made who typed an issuer."""

    WHOLE_ADDRESS = auto()  # the address of the discovery document in place of the issuer
    SLASH = auto()  # a slash too many or too few at the end
    EVERYBODYS = auto()  # Entra's `common` and `organizations`: accounts of every tenant there
    ANOTHER = auto()


class WrongIssuer(Unreachable):
    """The document is that of the issuer `claimed`; empty when the one that it names cannot be shown."""

    def __init__(self, typed: str, claimed: object) -> None:
        is_shown = isinstance(claimed, str) and 0 < len(claimed) <= _MAX_NAMED
        self.claimed = claimed if isinstance(claimed, str) and is_shown and claimed.isprintable() else ""
        self.mistake = _mistake(typed, self.claimed)
        super().__init__(f"the discovery document is of the issuer {self.claimed or 'nobody'}")


def _mistake(typed: str, claimed: str) -> Mistake:
    if "{" in claimed:
        return Mistake.EVERYBODYS
    if _WELL_KNOWN in typed:
        return Mistake.WHOLE_ADDRESS
    return Mistake.SLASH if typed.rstrip("/") == claimed.rstrip("/") else Mistake.ANOTHER


class Discovery(NamedTuple):
    """What is used of the provider's document."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    auth_methods: tuple[str, ...]
    names_itself: bool
    """Whether the provider promises `iss` in each answer."""

    def takes_basic(self, client_id: str, secret: str) -> bool:
        """Whether the client authenticates in a header. Where the provider takes both ways, it does not when id or
        secret would have to be escaped there, since many providers do not undo that (RFC 6749 §2.3.1).
        """
        if "client_secret_basic" not in self.auth_methods:
            return False
        return "client_secret_post" not in self.auth_methods or quote_plus(client_id + secret) == client_id + secret


async def read_discovery(http: OutgoingHttp, tenant_id: TenantId, issuer: str) -> Discovery:
    """Read the document. Raises Unreachable when there is none or when it has no address that is needed;
    WrongIssuer.
    """
    address = issuer if _WELL_KNOWN in issuer else f"{issuer.rstrip('/')}{_CONFIGURATION}"
    document = await _get_json(http, tenant_id, address)
    if document.get("issuer") != issuer:
        raise WrongIssuer(issuer, document.get("issuer"))
    methods = document.get("token_endpoint_auth_methods_supported")
    return Discovery(
        issuer=issuer,
        authorization_endpoint=_address(http, document, "authorization_endpoint"),
        token_endpoint=_address(http, document, "token_endpoint"),
        jwks_uri=_address(http, document, "jwks_uri"),
        userinfo_endpoint=_maybe_address(http, document, "userinfo_endpoint"),
        auth_methods=tuple(map(str, methods)) if isinstance(methods, list) else ("client_secret_basic",),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _address(http: OutgoingHttp, document: dict[str, Any], name: str) -> str:
    """An address that the document names. Raises Unreachable."""
    address = document.get(name)
    if not isinstance(address, str):
        raise Unreachable("the discovery document lacks an address")
    http.check(address)
    return address


def _maybe_address(http: OutgoingHttp, document: dict[str, Any], name: str) -> str | None:
    try:
        return _address(http, document, name)
    except Unreachable:
        return None


async def read_keys(http: OutgoingHttp, tenant_id: TenantId, discovery: Discovery) -> dict[str, Any]:
    """The provider's key set. Raises Unreachable."""
    return await _get_json(http, tenant_id, discovery.jwks_uri)


async def read_userinfo(
    http: OutgoingHttp,
    tenant_id: TenantId,
    discovery: Discovery,
    keys: dict[str, Any],
    *,
    client_id: str,
    access_token: str,
    subject: str,
) -> dict[str, Any]:
    """The claims at userinfo, which are JSON or signed by one of the provider's keys; none where the provider has no
    userinfo.

    Raises TokenRefused, also when they are about another person than `subject`; Unreachable.
    """
    is_sendable = access_token != "" and all("!" <= character <= "~" for character in access_token)
    if discovery.userinfo_endpoint is None or not is_sendable:
        return {}
    sent = {"Accept": "application/json, application/jwt;q=0.5", "Authorization": f"Bearer {access_token}"}
    reply = await http.get(discovery.userinfo_endpoint, tenant_id=tenant_id, headers=sent)
    if reply.status != 200:
        raise Unreachable(f"its userinfo answered {reply.status}")
    if reply.media_type == "application/jwt":
        claims = verified_claims(text_of(reply), keys)
        audience = claims.get("aud", client_id)
        if claims.get("iss", discovery.issuer) != discovery.issuer or client_id not in (
            audience if isinstance(audience, list) else [audience]
        ):
            raise TokenRefused("wrong_userinfo")
    else:
        claims = object_of(reply)
    if claims.get("sub") != subject:
        raise TokenRefused("wrong_sub_at_userinfo")
    return claims


async def _get_json(http: OutgoingHttp, tenant_id: TenantId, url: str) -> dict[str, Any]:
    reply = await http.get(url, tenant_id=tenant_id)
    if reply.status != 200:
        raise Unreachable(f"answered {reply.status}")
    return object_of(reply)


def text_of(reply: Reply) -> str:
    """The body as text. Raises Unreachable."""
    if len(reply.body) > MAX_DOCUMENT:
        raise Unreachable("the answer is too long")
    return reply.body.decode("ascii", "replace").strip()


def object_of(reply: Reply) -> dict[str, Any]:
    """The body's JSON object, without what is null. Raises Unreachable."""
    if len(reply.body) > MAX_DOCUMENT:
        raise Unreachable("the answer is too long")
    try:
        # This also takes a byte order mark, and some things that a strict reader refuses.
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise Unreachable("the answer is not JSON") from None
    if not isinstance(found, dict):
        raise Unreachable("the answer is no object")
    return {name: value for name, value in found.items() if value is not None}
