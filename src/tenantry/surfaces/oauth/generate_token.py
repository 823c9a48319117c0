"""`POST /partnercenter/generatetoken`, `/partnercenter/v3/generatetoken`: trade a token for the directory for one for
Partner Center.

Old clients send the body as a form, as a JSON object or as the bare JSON string "jwt_token"; one drops the path of its
base address. Source: Partner Center contract §1.2.
"""

from __future__ import annotations

from msgspec import Struct

from tenantry.access.actions import Action
from tenantry.core.caller import Audience
from tenantry.core.clock import to_seconds
from tenantry.core.errors import BadCredentials, InvalidToken, UnsupportedGrantType
from tenantry.core.hiding import hiding
from tenantry.surfaces.oauth.coat import FORM, NO_STORE, OAUTH
from tenantry.surfaces.oauth.form import needed, parse_form
from tenantry.surfaces.operation import Ask, operations
from tenantry.surfaces.shared.bearer import bearer_token_of
from tenantry.surfaces.shared.body import LARGEST_OF_STRANGERS, Fields, parse_json, read_body
from tenantry.tokens.grant_types.token_exchange import exchange_access_token
from tenantry.tokens.issuing import TokenAsk

JWT_TOKEN = "jwt_token"
_BOTH = (Audience.DIRECTORY_GRAPH, Audience.PARTNER_CENTER)

op = operations(OAUTH, "")


class GrantForm(Struct):
    """The body, of which a JSON object or the bare JSON text of the grant type is taken as well."""

    grant_type: str


@hiding("access_token")
class PartnerCenterToken(Struct):
    """An access token for Partner Center. `expires_in` is a text, as the vendor's is."""

    access_token: str
    token_type: str
    expires_in: str


async def generate(ask: Ask) -> PartnerCenterToken:
    """Trade a token for the directory for one for Partner Center, with or without a user."""
    return await _generate(ask, accepted_without_user=_BOTH)


async def generate_v3(ask: Ask) -> PartnerCenterToken:
    """Trade a token for the directory for one for Partner Center. Without a user, only a token that was for Partner
    Center is taken.
    """
    return await _generate(ask, accepted_without_user=(Audience.PARTNER_CENTER,))


for root, name in (("/partnercenter", "partnercenter"), ("", "root")):
    for path, handler in (("/generatetoken", generate), ("/v3/generatetoken", generate_v3)):
        op(
            f"{handler.__name__}.{name}",
            "POST",
            f"{root}{path}",
            Action.OBTAIN_TOKEN,
            source="Partner Center contract §1.2",
            headers=NO_STORE,
            hot=True,
            guesses=(BadCredentials,),
            takes=FORM,
            reads=GrantForm,
        )(handler)


async def _generate(ask: Ask, *, accepted_without_user: tuple[Audience, ...]) -> PartnerCenterToken:
    settings = ask.deps.settings
    body = await read_body(ask.receive, min(LARGEST_OF_STRANGERS, settings.body_limit_bytes))
    if _grant_type_of(body, settings.json_depth_limit) != JWT_TOKEN:
        raise UnsupportedGrantType(f"The grant_type must be {JWT_TOKEN}.")
    raw_token = bearer_token_of(ask.scope)
    if raw_token is None:
        raise InvalidToken("missing")
    exchanged = await exchange_access_token(
        ask.deps.issuing,
        TokenAsk(Audience.PARTNER_CENTER, ask.origin, ask.now),
        raw_token,
        accepted=_BOTH,
        accepted_without_user=accepted_without_user,
    )
    return PartnerCenterToken(exchanged.raw, "Bearer", str(to_seconds(exchanged.expires_at) - to_seconds(ask.now)))


def _grant_type_of(body: bytes, depth_limit: int) -> str:
    if body.lstrip()[:1] not in (b"{", b'"'):
        return needed(parse_form(body).get("grant_type"), "grant_type")
    value = parse_json(body, depth_limit=depth_limit)
    if isinstance(value, str):
        return value
    return Fields(value).text("grant_type", required=True)
