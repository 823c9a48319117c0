"""Hot path: `POST /{tenant}/oauth2/token` (v1) and `/{tenant}/oauth2/v2.0/token`; the exchange's budget and, when the
tenant is named by a domain or needs looking up, 1 read more.

Sources: RFC 6749 §3.2, §4.1.3, §4.4, §6; Partner Center contract §1.2 (parameters, answers, error body).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tenantry.core.clock import to_seconds
from tenantry.core.errors import NotFound, UnsupportedGrantType
from tenantry.core.ids import TenantId, parse_guid
from tenantry.directory.tenants import resolve_tenant
from tenantry.surfaces.oauth import errors
from tenantry.surfaces.oauth.answers import TokenRequest, answering, name_client
from tenantry.surfaces.oauth.form import Form, client_of, read_form
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.resources import Target, target_of
from tenantry.tokens.clients import Client
from tenantry.tokens.grant_types.authorization_code import PresentedCode, redeem_code
from tenantry.tokens.grant_types.client_credentials import exchange_client_credentials
from tenantry.tokens.grant_types.refresh_token import exchange_refresh_token
from tenantry.tokens.issuing import Issued, Issuing, TokenAsk

ANY_TENANT = frozenset({"common", "organizations"})
"""What AAD's clients say when the secret itself is to lead to the tenant."""


async def _authorization_code(issuing: Issuing, ask: TokenAsk, client: Client, form: Form) -> Issued:
    # Every code has a redirect address, so RFC 6749 §4.1.3 requires it.
    presented = PresentedCode(form.need("code"), form.need("redirect_uri"), form.get("code_verifier"))
    return await redeem_code(issuing, ask, client, presented)


async def _refresh_token(issuing: Issuing, ask: TokenAsk, client: Client, form: Form) -> Issued:
    return await exchange_refresh_token(issuing, ask, client, form.need("refresh_token"))


async def _client_credentials(issuing: Issuing, ask: TokenAsk, client: Client, _form: Form) -> Issued:
    return await exchange_client_credentials(issuing, ask, client)


GrantType = Callable[[Issuing, TokenAsk, Client, Form], Awaitable[Issued]]

GRANT_TYPES: dict[str, GrantType] = {
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
    "client_credentials": _client_credentials,
}
"""`password` is not among them: it has no second factor, and the real service refuses it since it asks for one."""


async def _token(deps: Deps, request: TokenRequest) -> dict[str, Any]:
    form = await read_form(request.scope, request.receive, deps.settings.body_limit_bytes)
    grant_type = form.need("grant_type")
    grant = GRANT_TYPES.get(grant_type)
    if grant is None:
        raise UnsupportedGrantType(f"The app requested an unsupported grant type '{grant_type[:64]}'.")
    client = client_of(request.scope, form)
    name_client(deps, request, client.client_id)
    target = target_of(form.get("resource"), form.get("scope"), deps.settings.issuer)
    assert request.match is not None  # noqa: S101 - both routes are patterns
    tenant = await _tenant_named(deps, request.match["tenant"])
    issued = await grant(deps.issuing, TokenAsk(target.audience, request.origin, request.now, tenant), client, form)
    presented = form.get("refresh_token") if grant_type == "refresh_token" else None
    answer = _answer_v2 if request.match["v2"] else _answer_v1
    body = answer(issued, target, issued.refresh_token or presented, request.now)
    if issued.id_token is not None:
        body["id_token"] = issued.id_token
    return body


async def _tenant_named(deps: Deps, name: str) -> TenantId | None:
    """The tenant that the path names, by GUID or domain; None for any. Raises NotFound. A GUID costs no read."""
    if name.lower() in ANY_TENANT:
        return None
    guid = parse_guid(name)
    if guid is not None:
        # Not looked up: a secret that leads there is looked up with its tenant, any other is refused as foreign.
        return TenantId(guid)
    async with deps.store.read() as read:
        tenant_id = await resolve_tenant(read, name)
    if tenant_id is None:
        raise NotFound("tenant", f"Tenant '{name[:200]}' not found. Check that the tenant ID or domain is right.")
    return tenant_id


def _answer_v1(issued: Issued, target: Target, refresh_token: str | None, now: int) -> dict[str, Any]:
    """All numbers are strings (contract §1.2). The refresh token that was presented is repeated while it is good."""
    expires_on = to_seconds(issued.access_token.expires_at)
    expires_in = str(expires_on - to_seconds(now))
    answer = {
        "token_type": "Bearer",
        "expires_in": expires_in,
        "ext_expires_in": expires_in,
        "expires_on": str(expires_on),
        "not_before": str(to_seconds(now)),
        "resource": target.resource,
        "access_token": issued.access_token.raw,
    }
    if issued.user_id is not None:
        answer["scope"] = "user_impersonation"
    if refresh_token is not None:
        answer["refresh_token"] = refresh_token
    return answer


def _answer_v2(issued: Issued, target: Target, refresh_token: str | None, now: int) -> dict[str, Any]:
    """RFC 6749 §5.1 with AAD's `ext_expires_in`."""
    expires_in = to_seconds(issued.access_token.expires_at) - to_seconds(now)
    answer: dict[str, Any] = {
        "token_type": "Bearer",
        "expires_in": expires_in,
        "ext_expires_in": expires_in,
        "access_token": issued.access_token.raw,
    }
    if issued.user_id is not None:
        answer["scope"] = target.scope
    if refresh_token is not None:
        answer["refresh_token"] = refresh_token
    return answer


token = answering(_token, errors.aad_body)
