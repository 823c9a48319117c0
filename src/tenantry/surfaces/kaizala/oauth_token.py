"""`POST /kaizala/api/oauth/token`: a connector trades an authorization code for an access token.

The code comes from the portal's authorization endpoint. The answer is that of `accessToken`, with a refresh token.
Source: Kaizala contract §3.2, A5. The parameters may come as headers instead, as they did in 2017.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from msgspec import Struct

from tenantry.access.actions import Action
from tenantry.core.caller import Audience
from tenantry.core.errors import BadCredentials, InvalidValue
from tenantry.core.hiding import hiding
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.access_token import Tokens, shown
from tenantry.surfaces.kaizala.callers import throttle
from tenantry.surfaces.kaizala.coat import KAIZALA
from tenantry.surfaces.operation import NO_STORE, Ask, operations
from tenantry.surfaces.shared.answers import header
from tenantry.surfaces.shared.body import LARGEST_OF_STRANGERS, is_clean, read_body
from tenantry.tokens.clients import Client
from tenantry.tokens.grant_types.authorization_code import PresentedCode, redeem_code
from tenantry.tokens.issuing import TokenAsk

op = operations(KAIZALA, "/kaizala/api/oauth")


@hiding("client_secret", "code", "code_verifier")
class CodeForm(Struct):
    """The parameters, of which a header of the same name may stand for the first three."""

    client_id: str | None = None
    client_secret: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None


@op(
    "redeemCode",
    "POST",
    "/token",
    Action.OBTAIN_TOKEN,
    source="Kaizala contract §3.2, A5",
    headers=NO_STORE,
    takes="application/x-www-form-urlencoded",
    reads=CodeForm,
    asks=("client_id", "client_secret", "code"),
    guesses=(BadCredentials,),
)
async def redeem(ask: Ask) -> Tokens:
    """Trade an authorization code for an access token and a refresh token.

    The code is the permission: it is single-use and of this connector, which proves that by its secret or by PKCE.
    """
    deps, values = ask.deps, await _read_values(ask)
    issued = await redeem_code(
        deps.issuing,
        TokenAsk(Audience.KAIZALA, ask.origin, ask.now),
        Client(wire.parse_id(values.get("client_id", "")) or "", values.get("client_secret")),
        PresentedCode(values["code"], values.get("redirect_uri"), values.get("code_verifier")),
    )
    throttle(deps, issued.connector_id, issued.tenant_id, issued.user_id, None)
    return shown(issued, deps.settings)


async def _read_values(ask: Ask) -> dict[str, str]:
    """The fields of the form, and where they are absent headers of the same names. Raises InvalidValue, also for a
    field that comes twice.
    """
    limit = min(LARGEST_OF_STRANGERS, ask.deps.settings.body_limit_bytes)
    raw = await read_body(ask.receive, limit, header(ask.scope, b"content-length"))
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise InvalidValue("The body is not a urlencoded form.", field="body") from None
    names = [name for name, _value in pairs]
    if len(set(names)) != len(names) or not all(is_clean(name) and is_clean(value) for name, value in pairs):
        raise InvalidValue("The body is not a urlencoded form.", field="body")
    values = {name: value for name, value in pairs if value}
    for name in ("client_id", "client_secret", "code"):
        sent = header(ask.scope, name.encode())
        if name not in values and sent:
            values[name] = sent
    for name in ("client_id", "code"):
        if name not in values:
            raise InvalidValue(f"The request needs {name}.", field=name)
    return values
