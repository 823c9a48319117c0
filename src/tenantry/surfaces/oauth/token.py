"""Hot path: `POST /{tenant}/oauth2/token` (v1) and `/{tenant}/oauth2/v2.0/token`; the exchange's budget and, when the
tenant is named by a domain or needs looking up, 1 read more; another for an ID token, and a signature.

Sources: RFC 6749 §3.2, §4.1.3, §4.4, §6; Partner Center contract §1.2 (parameters, answers, error body).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from msgspec import Struct

from tenantry.access.actions import Action
from tenantry.core.clock import to_seconds
from tenantry.core.errors import BadCredentials, NotFound, UnsupportedGrantType
from tenantry.core.hiding import hiding
from tenantry.core.ids import TenantId, parse_guid
from tenantry.directory.tenants import resolve_tenant
from tenantry.surfaces.oauth.coat import FORM, NO_STORE, OAUTH, name_client
from tenantry.surfaces.oauth.form import client_of, need
from tenantry.surfaces.operation import Ask, operations
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.resources import Target, target_of
from tenantry.tokens.clients import Client
from tenantry.tokens.grant_types.authorization_code import PresentedCode, redeem_code
from tenantry.tokens.grant_types.client_credentials import exchange_client_credentials
from tenantry.tokens.grant_types.refresh_token import refresh_sign_in
from tenantry.tokens.issuing import Issued, Issuing, TokenAsk

op = operations(OAUTH, "/{tenant}/oauth2")

ANY_TENANT = frozenset({"common", "organizations"})
"""Names that AAD's clients send in place of a tenant: then the secret itself names its tenant."""


@hiding("client_secret", "code", "code_verifier", "refresh_token")
class TokenForm(Struct):
    """The parameters of RFC 6749 §4.1.3, §4.4.2 and §6, and AAD's `resource` of v1. Other parameters are passed
    over.
    """

    grant_type: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None
    refresh_token: str | None = None
    resource: str | None = None
    scope: str | None = None


@hiding("access_token", "refresh_token", "id_token")
class TokenV1(Struct, omit_defaults=True):
    """The first form of the answer, in which numbers are texts (Partner Center contract §1.2). It repeats the refresh
    token that was presented while that is good.
    """

    token_type: str
    expires_in: str
    ext_expires_in: str
    expires_on: str
    not_before: str
    resource: str
    access_token: str
    scope: str | None = None
    refresh_token: str | None = None
    id_token: str | None = None


@hiding("access_token", "refresh_token", "id_token")
class TokenV2(Struct, omit_defaults=True):
    """The second form of the answer: RFC 6749 §5.1 with AAD's `ext_expires_in`."""

    token_type: str
    expires_in: int
    ext_expires_in: int
    access_token: str
    scope: str | None = None
    refresh_token: str | None = None
    id_token: str | None = None


async def _authorization_code(issuing: Issuing, ask: TokenAsk, client: Client, form: TokenForm) -> Issued:
    # Every code has a redirect address, so RFC 6749 §4.1.3 requires it.
    presented = PresentedCode(need(form, "code"), need(form, "redirect_uri"), form.code_verifier)
    return await redeem_code(issuing, ask, client, presented)


async def _refresh_token(issuing: Issuing, ask: TokenAsk, client: Client, form: TokenForm) -> Issued:
    return await refresh_sign_in(issuing, ask, client, need(form, "refresh_token"), form.scope)


async def _client_credentials(issuing: Issuing, ask: TokenAsk, client: Client, _form: TokenForm) -> Issued:
    return await exchange_client_credentials(issuing, ask, client)


GrantType = Callable[[Issuing, TokenAsk, Client, TokenForm], Awaitable[Issued]]

GRANT_TYPES: dict[str, GrantType] = {
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
    "client_credentials": _client_credentials,
}
"""The grant types of these endpoints. `password` is not among them: it has no second factor, and the real service
refuses it since it requires one.
"""


@hiding("refresh_token")
class _Got(NamedTuple):
    """What was issued, for which service, and the refresh token with which the client goes on."""

    issued: Issued
    target: Target
    refresh_token: str | None


@op(
    "token.v1",
    "POST",
    "/token",
    Action.OBTAIN_TOKEN,
    source="Partner Center contract §1.2; RFC 6749 §3.2",
    headers=NO_STORE,
    hot=True,
    guesses=(BadCredentials,),
    takes=FORM,
)
async def token_v1(ask: Ask, tenant: str, body: TokenForm) -> TokenV1:
    """Trade a code, a refresh token or a client's own credentials for an access token."""
    issued, target, refresh_token = await _exchange(ask, tenant, body)
    now, expires_on = to_seconds(ask.now), to_seconds(issued.access_token.expires_at)
    return TokenV1(
        token_type="Bearer",
        expires_in=str(expires_on - now),
        ext_expires_in=str(expires_on - now),
        expires_on=str(expires_on),
        not_before=str(now),
        resource=target.resource,
        access_token=issued.access_token.raw,
        scope=None if issued.user_id is None else "user_impersonation",
        refresh_token=refresh_token,
        id_token=issued.id_token,
    )


@op(
    "token.v2",
    "POST",
    "/v2.0/token",
    Action.OBTAIN_TOKEN,
    source="RFC 6749 §3.2; Partner Center contract §1.2",
    headers=NO_STORE,
    hot=True,
    guesses=(BadCredentials,),
    takes=FORM,
)
async def token_v2(ask: Ask, tenant: str, body: TokenForm) -> TokenV2:
    """Trade a code, a refresh token or a client's own credentials for an access token."""
    issued, target, refresh_token = await _exchange(ask, tenant, body)
    expires_in = to_seconds(issued.access_token.expires_at) - to_seconds(ask.now)
    return TokenV2(
        token_type="Bearer",
        expires_in=expires_in,
        ext_expires_in=expires_in,
        access_token=issued.access_token.raw,
        scope=None if issued.user_id is None else target.scope,
        refresh_token=refresh_token,
        id_token=issued.id_token,
    )


async def _exchange(ask: Ask, tenant: str, form: TokenForm) -> _Got:
    grant_type = need(form, "grant_type")
    grant = GRANT_TYPES.get(grant_type)
    if grant is None:
        raise UnsupportedGrantType(f"The app requested an unsupported grant type '{grant_type[:64]}'.")
    client = client_of(ask.scope, form.client_id, form.client_secret)
    name_client(ask, client.client_id)
    deps = ask.deps
    target = target_of(form.resource, form.scope, deps.settings.issuer)
    tenant_id = await _tenant_named(deps, tenant)
    issued = await grant(deps.issuing, TokenAsk(target.audience, ask.origin, ask.now, tenant_id), client, form)
    presented = form.refresh_token if grant_type == "refresh_token" else None
    return _Got(issued, target, issued.refresh_token or presented)


async def _tenant_named(deps: Deps, name: str) -> TenantId | None:
    """The tenant that the path names, by GUID or domain; None for any. Raises NotFound. A GUID costs no read."""
    if name.lower() in ANY_TENANT:
        return None
    guid = parse_guid(name)
    if guid is not None:
        # The tenant is not looked up here: a secret of that tenant is looked up with it, any other is refused.
        return TenantId(guid)
    async with deps.store.read() as read:
        tenant_id = await resolve_tenant(read, name)
    if tenant_id is None:
        raise NotFound("tenant", f"Tenant '{name[:200]}' not found. Check that the tenant ID or domain is right.")
    return tenant_id
