"""`POST /token` and its older addresses: an assertion that a service account signed gives an access token.

Sources: RFC 7523 §2.1, §3.1; Android Enterprise contract §5.4.
"""

from __future__ import annotations

from typing import Any

from tenantry.core.caller import Audience
from tenantry.core.clock import to_seconds
from tenantry.core.errors import UnsupportedGrantType
from tenantry.surfaces.oauth.answers import TokenRequest, answering, rfc_error_body
from tenantry.surfaces.oauth.form import read_form
from tenantry.surfaces.shared.deps import Deps
from tenantry.tokens.assertions import audiences_of
from tenantry.tokens.grant_types.jwt_bearer import exchange_assertion
from tenantry.tokens.issuing import TokenAsk

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/androidenterprise"


async def _assertion(deps: Deps, request: TokenRequest) -> dict[str, Any]:
    form = await read_form(request.scope, request.receive, deps.settings.body_limit_bytes)
    if form.need("grant_type") != JWT_BEARER:
        raise UnsupportedGrantType(f"Only {JWT_BEARER} is supported here.")
    issued = await exchange_assertion(
        deps.issuing,
        TokenAsk(Audience.ANDROID_ENTERPRISE, request.origin, request.now),
        form.need("assertion"),
        accepted_audiences=audiences_of(deps.settings.issuer, deps.settings.assertion_audiences),
        required_scope=SCOPE,
    )
    expires_in = to_seconds(issued.access_token.expires_at) - to_seconds(request.now)
    return {"access_token": issued.access_token.raw, "expires_in": expires_in, "token_type": "Bearer"}


assertion = answering(_assertion, rfc_error_body)
