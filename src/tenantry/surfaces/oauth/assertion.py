"""`POST /token` and its older addresses: a service account trades an assertion signed by its key for an access token.

Sources: RFC 7523 §2.1, §3.1; Android Enterprise contract §5.4.
"""

from __future__ import annotations

from typing import Any

from tenantry.core.caller import Audience
from tenantry.core.clock import MINUTE, to_seconds
from tenantry.core.errors import UnsupportedGrantType
from tenantry.surfaces.oauth.answers import TokenRequest, answering, rfc_error_body
from tenantry.surfaces.oauth.form import read_form
from tenantry.surfaces.shared.deps import Deps
from tenantry.tokens.assertions import audiences_of, exchange_assertion

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/androidenterprise"


async def _assertion(deps: Deps, request: TokenRequest) -> dict[str, Any]:
    form = await read_form(request.scope, request.receive, deps.settings.body_limit_bytes)
    if form.need("grant_type") != JWT_BEARER:
        raise UnsupportedGrantType(f"Only {JWT_BEARER} is supported here.")
    issuer = deps.settings.issuer
    exchanged = await exchange_assertion(
        deps.store,
        deps.keys,
        assertion=form.need("assertion"),
        accepted_audiences=audiences_of(issuer, deps.settings.assertion_audiences),
        required_scope=SCOPE,
        audience=Audience.ANDROID_ENTERPRISE,
        issuer=issuer,
        lifetime=deps.settings.access_token_minutes * MINUTE,
        now=request.now,
        origin=request.origin,
    )
    expires_in = to_seconds(exchanged.access_token.expires_at) - to_seconds(request.now)
    return {"access_token": exchanged.access_token.raw, "expires_in": expires_in, "token_type": "Bearer"}


assertion = answering(_assertion, rfc_error_body)
