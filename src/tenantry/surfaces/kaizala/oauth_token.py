"""`POST /kaizala/api/oauth/token`: an authorization code becomes an access token (A5).

The code comes from the portal's authorization endpoint. The answer is that of A3, with a refresh token.
Source: Kaizala contract A5; the parameters may come as headers instead, as they did in 2017.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.caller import Audience
from tenantry.core.clock import to_millis
from tenantry.core.errors import BadCredentials, InvalidValue
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.access_token import endpoint_url
from tenantry.surfaces.kaizala.callers import throttle
from tenantry.surfaces.shared.body import LARGEST_OF_STRANGERS, is_clean, read_body
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.failures import check_failures, count_failure
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import performs
from tenantry.tokens.clients import Client
from tenantry.tokens.grant_types.authorization_code import PresentedCode, redeem_code
from tenantry.tokens.issuing import Issued, TokenAsk

router = APIRouter()


@router.post("/kaizala/api/oauth/token")
@performs(Action.OBTAIN_TOKEN)
async def redeem(request: Request) -> Response:
    """The code is the permission: single use, of this connector, proven by its secret or by PKCE."""
    deps, origin = deps_of(request), origin_of(request.scope)
    check_failures(deps, "kaizala", origin)
    values = await _read_values(request)
    try:
        issued = await redeem_code(
            deps.issuing,
            TokenAsk(Audience.KAIZALA, origin, deps.clock()),
            Client(wire.parse_id(values.get("client_id", "")) or "", values.get("client_secret")),
            PresentedCode(values["code"], values.get("redirect_uri"), values.get("code_verifier")),
        )
    except BadCredentials:
        count_failure(deps, "kaizala", origin)
        raise
    throttle(deps, issued.connector_id, issued.tenant_id, issued.user_id, None)
    return wire.answer(_answer(issued, endpoint_url(deps.settings)), headers={"cache-control": "no-store"})


def _answer(issued: Issued, endpoint: str) -> dict[str, object]:
    return {
        "accessToken": issued.access_token.raw,
        "accessTokenExpiry": to_millis(issued.access_token.expires_at),
        "endpointUrl": endpoint,
        "refreshToken": issued.refresh_token or "",
        "scope": "token.write",
    }


async def _read_values(request: Request) -> dict[str, str]:
    """Form fields, else headers of the same names. Raises InvalidValue, also for a field that comes twice."""
    body = await read_body(request, min(LARGEST_OF_STRANGERS, deps_of(request).settings.body_limit_bytes))
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise InvalidValue("The body is not a urlencoded form.", field="body") from None
    names = [name for name, _value in pairs]
    if len(set(names)) != len(names) or not all(is_clean(name) and is_clean(value) for name, value in pairs):
        raise InvalidValue("The body is not a urlencoded form.", field="body")
    values = {name: value for name, value in pairs if value}
    for name in ("client_id", "client_secret", "code"):
        if name not in values and request.headers.get(name):
            values[name] = request.headers[name]
    for name in ("client_id", "code"):
        if name not in values:
            raise InvalidValue(f"The request needs {name}.", field=name)
    return values
