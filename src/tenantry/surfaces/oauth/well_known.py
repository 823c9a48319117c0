"""Discovery documents and the key set. Hot path: no I/O; a tenant in the path is echoed, not looked up.

Sources: OpenID Connect Discovery 1.0 §3 and §4, RFC 8414 §2 and §3, RFC 7517 §5.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.types import Receive, Scope

from tenantry.surfaces.oauth.token import GRANT_TYPES
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import HotAnswer, json_answer
from tenantry.tokens.id_tokens import CLAIMS

ANY = "common"
_CACHED = [(b"cache-control", b"public, max-age=60"), (b"access-control-allow-origin", b"*")]
"""A minute: what a new signing key waits before it signs, so that no cached key set misses it."""


def _document(deps: Deps, tenant: str, version: str) -> dict[str, Any]:
    """What clients of one tenant's `oauth2` endpoints need; only addresses that exist."""
    issuer = deps.settings.issuer
    algorithm = deps.keys.signer(deps.clock()).algorithm
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/{tenant}/oauth2/{version}authorize",
        "token_endpoint": f"{issuer}/{tenant}/oauth2/{version}token",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": [*GRANT_TYPES],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "none"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid"],
        "id_token_signing_alg_values_supported": [algorithm],
        "claims_supported": CLAIMS,
    }


async def tenant_configuration(deps: Deps, _scope: Scope, _receive: Receive, match: re.Match[str] | None) -> HotAnswer:
    """`GET /{tenant}/.well-known/openid-configuration` and `/{tenant}/v2.0/...`: the endpoints of that version."""
    assert match is not None  # noqa: S101 - the route is a pattern
    document = _document(deps, match["tenant"], "v2.0/" if match["v2"] else "")
    return json_answer(200, msgspec.json.encode(document), _CACHED)


async def configuration(deps: Deps, _scope: Scope, _receive: Receive, _match: re.Match[str] | None) -> HotAnswer:
    """`GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`: for any tenant."""
    return json_answer(200, msgspec.json.encode(_document(deps, ANY, "v2.0/")), _CACHED)


async def jwks(deps: Deps, _scope: Scope, _receive: Receive, _match: re.Match[str] | None) -> HotAnswer:
    """`GET /.well-known/jwks.json`."""
    return json_answer(200, deps.keys.jwks(deps.clock()), _CACHED)
