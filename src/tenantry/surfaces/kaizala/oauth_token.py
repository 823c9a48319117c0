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
from tenantry.core.clock import DAY, HOUR, to_millis
from tenantry.core.errors import BadCredentials, InvalidValue
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.access_token import endpoint_url
from tenantry.surfaces.kaizala.callers import throttle
from tenantry.surfaces.shared.body import LARGEST_OF_STRANGERS, is_clean, read_body
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.failures import check_failures, count_failure
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import performs
from tenantry.tokens.authorization_codes import redeem_code
from tenantry.tokens.exchange import Exchanged

router = APIRouter()


@router.post("/kaizala/api/oauth/token")
@performs(Action.OBTAIN_TOKEN)
async def redeem(request: Request) -> Response:
    """The code is the permission: single use, of this connector, proven by its secret or by PKCE."""
    deps, origin = deps_of(request), origin_of(request.scope)
    check_failures(deps, "kaizala", origin)
    values = await _read_values(request)
    try:
        exchanged = await redeem_code(
            deps.store,
            deps.keys,
            deps.hasher,
            client_id=wire.parse_id(values.get("client_id", "")) or "",
            client_secret=values.get("client_secret"),
            code=values["code"],
            redirect_uri=values.get("redirect_uri"),
            code_verifier=values.get("code_verifier"),
            audience=Audience.KAIZALA,
            issuer=deps.settings.issuer,
            lifetime=deps.settings.kaizala_access_token_hours * HOUR,
            refresh_lifetime=deps.settings.refresh_token_days * DAY,
            now=deps.clock(),
            origin=origin,
        )
    except BadCredentials:
        count_failure(deps, "kaizala", origin)
        raise
    throttle(deps, exchanged.connector_id, exchanged.tenant_id, exchanged.user_id, None)
    return wire.answer(_answer(exchanged, endpoint_url(deps.settings)), headers={"cache-control": "no-store"})


def _answer(exchanged: Exchanged, endpoint: str) -> dict[str, object]:
    return {
        "accessToken": exchanged.access_token.raw,
        "accessTokenExpiry": to_millis(exchanged.access_token.expires_at),
        "endpointUrl": endpoint,
        "refreshToken": exchanged.refresh_token or "",
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
