"""`POST /partnercenter/generatetoken`, `/partnercenter/v3/generatetoken`: a directory token for a Partner Center one.

Old clients send the body as a form, as a JSON object or as the bare JSON string "jwt_token".
Source: Partner Center contract §1.2.
"""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers

from tenantry.core.caller import Audience
from tenantry.core.clock import to_seconds
from tenantry.core.errors import InvalidToken, UnsupportedGrantType
from tenantry.surfaces.oauth.answers import TokenRequest, answering, rfc_error_body
from tenantry.surfaces.oauth.form import parse_form
from tenantry.surfaces.shared.bearer import bearer_token
from tenantry.surfaces.shared.body import LARGEST_OF_STRANGERS, Fields, parse_json, read_body
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import HotEndpoint
from tenantry.tokens.grant_types.token_exchange import exchange_access_token
from tenantry.tokens.issuing import TokenAsk

JWT_TOKEN = "jwt_token"
_BOTH = (Audience.DIRECTORY_GRAPH, Audience.PARTNER_CENTER)


def _generating(accepted_without_user: tuple[Audience, ...]) -> HotEndpoint:
    async def generate(deps: Deps, request: TokenRequest) -> dict[str, Any]:
        body = await read_body(request.receive, min(LARGEST_OF_STRANGERS, deps.settings.body_limit_bytes))
        grant_type = _grant_type_of(body, deps.settings.json_depth_limit)
        if grant_type != JWT_TOKEN:
            raise UnsupportedGrantType(f"The grant_type must be {JWT_TOKEN}.")
        raw_token = bearer_token(Headers(scope=request.scope))
        if raw_token is None:
            raise InvalidToken("missing")
        exchanged = await exchange_access_token(
            deps.issuing,
            TokenAsk(Audience.PARTNER_CENTER, request.origin, request.now),
            raw_token,
            accepted=_BOTH,
            accepted_without_user=accepted_without_user,
        )
        expires_in = to_seconds(exchanged.expires_at) - to_seconds(request.now)
        return {"access_token": exchanged.raw, "token_type": "Bearer", "expires_in": str(expires_in)}

    return answering(generate, rfc_error_body)


def _grant_type_of(body: bytes, depth_limit: int) -> str:
    if body.lstrip()[:1] not in (b"{", b'"'):
        return parse_form(body).need("grant_type")
    value = parse_json(body, depth_limit=depth_limit)
    if isinstance(value, str):
        return value
    return Fields(value).text("grant_type", required=True)


generate_token = _generating(accepted_without_user=_BOTH)
generate_token_v3 = _generating(accepted_without_user=(Audience.PARTNER_CENTER,))
