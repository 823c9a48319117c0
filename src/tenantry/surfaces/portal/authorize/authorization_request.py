"""What a connector asks of a user at the authorization endpoint, checked as far as that can be done without the user.

Until it is known that connector and redirect address belong together, errors are shown on a page of ours
(`InvalidValue`, `NotFound`); from then on the connector is told, at its own address (`Refused`). RFC 6749 §4.1.2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tenantry.access.actions import Permission
from tenantry.connectors.authorizing import find_authorizable, match_redirect_uri, wanted_permissions
from tenantry.core.clock import SECOND, Micros
from tenantry.core.errors import InvalidScope, InvalidValue, NotFound
from tenantry.core.ids import TenantId
from tenantry.directory.tenants import resolve_tenant
from tenantry.store.connectors.connectors import Connector
from tenantry.store.engine.interface import Read
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.resources import names_resource, target_of
from tenantry.tokens.id_tokens import sign_in_scope

ANY_TENANT = frozenset({"common", "organizations"})
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
MAX_AGE = re.compile(r"[0-9]{1,9}")
"""A number of seconds."""
_LONGEST = 4096
ResponseMode = Literal["query", "form_post"]


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A checked request. `redirect_uri` is registered. `max_age`: how long ago the user may have signed in at most;
    None: any time ago.

    `sign_in_scope`: what the connector wants to know of the sign-in; None without `openid` (OpenID Connect Core
    §3.1.2.1).
    """

    connector: Connector
    redirect_uri: str
    permissions: list[Permission]
    state: str | None
    nonce: str | None
    code_challenge: str | None
    response_mode: ResponseMode
    prompt: frozenset[str]
    max_age: Micros | None
    login_hint: str
    sign_in_scope: str | None


class Refused(Exception):
    """The connector is told of an error at `redirect_uri`: a word of OAuth, and a sentence for its developer."""

    def __init__(self, redirect_uri: str, mode: ResponseMode, state: str | None, error: str, description: str) -> None:
        self.redirect_uri = redirect_uri
        self.mode = mode
        self.state = state
        self.error = error
        self.description = description
        super().__init__(error)


async def read_request(
    read: Read, query: bytes, *, tenant_name: str | None, is_kaizala: bool, issuer: str
) -> AuthorizationRequest:
    """Check the request. Raises InvalidValue and NotFound, for a page of ours; Refused, for the connector."""
    values = _parse(query)
    connector, redirect_uri = await _match(read, values, tenant_name)
    state = values.get("state")
    mode: ResponseMode = "form_post" if values.get("response_mode") == "form_post" else "query"

    def refuse(error: str, description: str) -> Refused:
        return Refused(redirect_uri, mode, state, error, description)

    if values.get("response_mode", "query") not in ("query", "form_post"):
        raise refuse("invalid_request", "response_mode is query or form_post.")
    # Kaizala's clients send no response_type (Kaizala contract §3.2, A4).
    if values.get("response_type", "code" if is_kaizala else "") != "code":
        raise refuse("unsupported_response_type", "response_type is code.")
    challenge = values.get("code_challenge")
    if challenge is not None and (values.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge)):
        raise refuse("invalid_request", "code_challenge is a SHA-256 in base64url with code_challenge_method=S256.")
    prompt, max_age = frozenset(values.get("prompt", "").split()), values.get("max_age", "")
    if "none" in prompt and len(prompt) > 1:
        raise refuse("invalid_request", "prompt=none stands alone.")
    if max_age and not MAX_AGE.fullmatch(max_age):
        raise refuse("invalid_request", "max_age is a number of seconds.")
    if challenge is None and connector.kind == "public":
        raise refuse("invalid_request", "A public connector needs PKCE: send a code_challenge.")
    if connector.deactivated_at is not None:
        raise refuse("unauthorized_client", "The connector is deactivated: it gets no new tokens.")
    try:
        permissions = _permissions(connector, values, is_kaizala=is_kaizala, issuer=issuer)
    except InvalidScope as invalid:
        raise refuse("invalid_scope", invalid.public) from None
    return AuthorizationRequest(
        connector=connector,
        redirect_uri=redirect_uri,
        permissions=permissions,
        state=state,
        nonce=values.get("nonce"),
        code_challenge=challenge,
        response_mode=mode,
        prompt=prompt,
        max_age=int(max_age) * SECOND if max_age else None,
        login_hint=values.get("login_hint", ""),
        sign_in_scope=sign_in_scope(values.get("scope", "")),
    )


async def _match(read: Read, values: dict[str, str], tenant_name: str | None) -> tuple[Connector, str]:
    """The connector and its redirect address. While either is wrong, nobody is sent anywhere."""
    if "client_id" not in values:
        raise InvalidValue(_("The app did not say which one it is."), field="client_id")
    connector = await find_authorizable(read, values["client_id"])
    if connector is None or not await _is_named(read, connector.tenant_id, tenant_name):
        raise NotFound("connector", _("No app of this ID is registered here."))
    redirect_uri = match_redirect_uri(connector, values.get("redirect_uri"))
    if redirect_uri is None:
        raise InvalidValue(
            _("The app wants the answer at an address that is not registered for it. Nobody was sent there."),
            field="redirect_uri",
        )
    return connector, redirect_uri


def without_sign_in(path: str) -> str:
    """The address of the request without the parameters that a sign-in from now on satisfies: `prompt=login` and
    `max_age`.
    """
    address, _mark, query = path.partition("?")
    kept: list[tuple[str, str]] = []
    for name, value in parse_qsl(query, keep_blank_values=True):
        left = " ".join(word for word in value.split() if word != "login") if name == "prompt" else value
        if name != "max_age" and (left or name != "prompt"):
            kept.append((name, left))
    return f"{address}?{urlencode(kept)}"


def with_parameters(redirect_uri: str, parameters: dict[str, str]) -> str:
    """The address with these added to its query (RFC 6749 §4.1.2)."""
    parts = urlsplit(redirect_uri)
    query = f"{parts.query}&{urlencode(parameters)}" if parts.query else urlencode(parameters)
    return urlunsplit(parts._replace(query=query))


def form_target(redirect_uri: str) -> str:
    """The address as `form-action` of a Content-Security-Policy names it: scheme, host and port; or the scheme alone,
    where the policy cannot express the host.
    """
    parts = urlsplit(redirect_uri)
    is_plain = bool(re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", parts.netloc))
    return f"{parts.scheme}://{parts.netloc}" if is_plain else f"{parts.scheme}:"


def _parse(query: bytes) -> dict[str, str]:
    """The parameters, each once (RFC 6749 §3.1). An empty one counts as absent."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise InvalidValue(_("The app's request cannot be read."), field="query") from None
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values or len(value) > _LONGEST or not (is_clean(name) and is_clean(value)):
            raise InvalidValue(_("The app's request cannot be read."), field="query")
        values[name] = value
    return {name: value for name, value in values.items() if value}


async def _is_named(read: Read, tenant_id: TenantId, name: str | None) -> bool:
    """Whether the tenant in the path, if any is named, is the connector's."""
    if name is None or name.lower() in ANY_TENANT:
        return True
    return is_clean(name) and await resolve_tenant(read, name) == tenant_id


def _permissions(connector: Connector, values: dict[str, str], *, is_kaizala: bool, issuer: str) -> list[Permission]:
    """The permissions that are asked for. AAD's words (`resource`, or a scope with a service in it) mean Partner
    Center. Raises InvalidScope.
    """
    scope, resource = values.get("scope", ""), values.get("resource")
    is_partner_center = not is_kaizala and (resource is not None or names_resource(scope))
    if is_partner_center:
        target_of(resource, scope, issuer)
    return wanted_permissions(connector, scope, is_partner_center=is_partner_center, is_kaizala=is_kaizala)
