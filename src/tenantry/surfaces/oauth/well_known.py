"""Discovery documents, and the key set. Hot path: no I/O; a tenant in the path is repeated, and not looked up.

Sources: OpenID Connect Discovery 1.0 §3 and §4, RFC 8414 §2 and §3, RFC 9207 §3, RFC 7517 §5.
"""

from __future__ import annotations

from msgspec import Struct

from tenantry.access.actions import Action
from tenantry.surfaces.oauth.coat import OAUTH
from tenantry.surfaces.oauth.token import GRANT_TYPES
from tenantry.surfaces.operation import Ask, Headers, operations
from tenantry.surfaces.shared.answers import Answer, json_answer
from tenantry.tokens.id_tokens import CLAIMS, SCOPES

ANY = "common"
_CACHED: Headers = ((b"cache-control", b"public, max-age=60"), (b"access-control-allow-origin", b"*"))
"""Caches keep these for a minute, which is how long a new signing key waits before it signs, so that no cached key set
lacks it.
"""
_DISCOVERY = "OpenID Connect Discovery 1.0 §4"

op = operations(OAUTH, "")


class Configuration(Struct):
    """What clients of one tenant's `oauth2` endpoints need. It names only addresses that exist."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    response_types_supported: list[str]
    response_modes_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    code_challenge_methods_supported: list[str]
    subject_types_supported: list[str]
    scopes_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    claims_supported: list[str]
    authorization_response_iss_parameter_supported: bool


class PublicKey(Struct, omit_defaults=True):
    """RFC 7517 §4, RFC 7518 §6.2.1 and §6.3.1. `x` and `y` are of a key on `crv`, `n` and `e` of an RSA key."""

    kty: str
    kid: str
    use: str
    alg: str
    crv: str | None = None
    x: str | None = None
    y: str | None = None
    n: str | None = None
    e: str | None = None


class KeySet(Struct):
    """A JWK set (RFC 7517 §5)."""

    keys: list[PublicKey]


def _configuration(ask: Ask, tenant: str, version: str) -> Configuration:
    issuer = ask.deps.settings.issuer
    return Configuration(
        issuer=issuer,
        authorization_endpoint=f"{issuer}/{tenant}/oauth2/{version}authorize",
        token_endpoint=f"{issuer}/{tenant}/oauth2/{version}token",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        response_types_supported=["code"],
        response_modes_supported=["query", "form_post"],
        grant_types_supported=[*GRANT_TYPES],
        token_endpoint_auth_methods_supported=["client_secret_post", "client_secret_basic", "none"],
        code_challenge_methods_supported=["S256"],
        subject_types_supported=["public"],
        scopes_supported=[*SCOPES],
        id_token_signing_alg_values_supported=[ask.deps.keys.signer(ask.now).algorithm],
        claims_supported=[*CLAIMS],
        authorization_response_iss_parameter_supported=True,
    )


@op(
    "configuration.tenant",
    "GET",
    "/{tenant}/.well-known/openid-configuration",
    Action.READ_PUBLIC,
    source=_DISCOVERY,
    headers=_CACHED,
    hot=True,
)
async def tenant_configuration(ask: Ask, tenant: str) -> Configuration:
    """Read the endpoints of a tenant, as of v1."""
    return _configuration(ask, tenant, "")


@op(
    "configuration.tenant.v2",
    "GET",
    "/{tenant}/v2.0/.well-known/openid-configuration",
    Action.READ_PUBLIC,
    source=_DISCOVERY,
    headers=_CACHED,
    hot=True,
)
async def tenant_configuration_v2(ask: Ask, tenant: str) -> Configuration:
    """Read the endpoints of a tenant, as of v2."""
    return _configuration(ask, tenant, "v2.0/")


@op(
    "configuration",
    "GET",
    "/.well-known/openid-configuration",
    Action.READ_PUBLIC,
    source=_DISCOVERY,
    headers=_CACHED,
    hot=True,
)
@op(
    "configuration.oauth",
    "GET",
    "/.well-known/oauth-authorization-server",
    Action.READ_PUBLIC,
    source="RFC 8414 §3",
    headers=_CACHED,
    hot=True,
)
async def configuration(ask: Ask) -> Configuration:
    """Read the endpoints for any tenant."""
    return _configuration(ask, ANY, "v2.0/")


@op(
    "jwks",
    "GET",
    "/.well-known/jwks.json",
    Action.READ_PUBLIC,
    source="RFC 7517 §5; OpenID Connect Discovery 1.0 §3",
    headers=_CACHED,
    hot=True,
)
async def jwks(ask: Ask) -> KeySet | Answer:
    """Read the keys that sign access tokens and ID tokens."""
    return json_answer(200, ask.deps.keys.jwks(ask.now), _CACHED)
