"""Sign in with an account at an OpenID provider of one's organisation: code flow with state, nonce and PKCE.

1. `begin_upstream` reads the provider's discovery document and makes the address to go to. The state is a secret of
   the browser; nonce and PKCE verifier are made from it, so nothing that is worth stealing is stored.
2. `finish_upstream` takes the state once, trades the code for an ID token and verifies that (id_tokens.py).
3. The answer must have come to the address of the very provider that the browser was sent to, and name it in `iss`
   where the provider announces that (`_check_answer`): else a code of one provider would be handed to another.
4. What the app demanded of the sign-in (`prompt=login`, `max_age`) is passed on, and `_check_age` looks at what came of
   it. The time that the provider names is the session's.
5. `_match` finds the user: by issuer and subject when they are linked; else, once, by a name in a verified domain of
   this very tenant that the provider vouches for, which links them. One user has one subject at a provider.

Every refusal reads the same; the trail has the reason. Sources: OpenID Connect Core §3.1.2 and §3.1.3, RFC 7636,
RFC 9207 (`iss` in the answer), RFC 9700 §2.1 and §4.4.2 (mix-up).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

import msgspec

from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller, CallerKind, Origin, anonymous
from tenantry.core.clock import MINUTE, SECOND, Micros
from tenantry.core.errors import BadCredentials
from tenantry.core.http import OutgoingHttp, Unreachable
from tenantry.core.ids import TenantId
from tenantry.directory.id_tokens import IdToken, TokenRefused, verify_id_token
from tenantry.directory.identity_providers import NameClaim, callback_in_use, get_identity_provider, secret_of
from tenantry.store import grants, identity_providers, shared_callbacks, tenants, users
from tenantry.store.engine import Read, Store, Tx
from tenantry.store.identity_providers import IdentityProvider, UpstreamSignIn
from tenantry.store.users import User
from tenantry.tokens import base64url
from tenantry.tokens.master_key import MasterKey
from tenantry.tokens.secrets import SecretHasher, SecretKind, mint_secret, tenant_of

LIFETIME = 10 * MINUTE
FEDERATED = "fed"
MAX_DOCUMENT = 65_536
"""Bytes of what a provider answers; key sets with certificates come to half of it."""
REFUSED = "Signing in with the organisation's account did not work. Try again, or ask your administrator."


class Departure(NamedTuple):
    """`state` goes into a cookie, and comes back in the address."""

    address: str
    state: str


class Arrival(NamedTuple):
    """Who came back, proven by what (`amr`) and when, if the provider says so, and where to go now."""

    user: User
    amr: frozenset[str]
    authenticated_at: Micros | None
    back: str


class Discovery(NamedTuple):
    """What is used of the provider's document (OpenID Connect Discovery §3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    takes_basic: bool
    names_itself: bool
    """Whether it promises `iss` in each answer (RFC 9207 §3)."""


async def begin_upstream(
    store: Store,
    http: OutgoingHttp,
    hasher: SecretHasher,
    *,
    tenant_id: TenantId,
    provider_id: str,
    root: str,
    back: str,
    prompt: Literal["login"] | None = None,
    max_age: Micros | None = None,
    now: Micros,
) -> Departure:
    """`root` is the server's own address; `prompt`, `max_age`: what the app demands.

    Raises NotFound, BadCredentials when the provider cannot be asked.
    """
    async with store.read() as read:
        provider = await get_identity_provider(read, tenant_id, provider_id)
    try:
        discovery = await read_discovery(http, provider.issuer)
    except Unreachable as error:
        raise BadCredentials(f"provider_unreachable: {error}", REFUSED) from None
    state = mint_secret(SecretKind.UPSTREAM_STATE, tenant_id)
    async with store.write() as tx:
        await identity_providers.insert_sign_in(
            tx,
            tenant_id,
            hasher.hash(state),
            provider_id=provider_id,
            back=back,
            prompt=prompt,
            max_age=max_age,
            expires_at=now + LIFETIME,
            now=now,
        )
    challenge = hashlib.sha256(_derive(hasher, "verifier", state).encode()).digest()
    parameters = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": callback_in_use(root, tenant_id, provider),
        "scope": "openid email profile",
        "state": state,
        "nonce": _derive(hasher, "nonce", state),
        "code_challenge": base64url.encode(challenge).decode(),
        "code_challenge_method": "S256",
    }
    if prompt is not None:
        parameters["prompt"] = prompt
    if max_age is not None:
        parameters["max_age"] = str(max_age // SECOND)
    joint = "&" if "?" in discovery.authorization_endpoint else "?"
    return Departure(f"{discovery.authorization_endpoint}{joint}{urlencode(parameters)}", state)


async def finish_upstream(
    store: Store,
    http: OutgoingHttp,
    hasher: SecretHasher,
    master_key: MasterKey,
    *,
    kept_state: str,
    answer: dict[str, str],
    root: str,
    arrived_at: str,
    leeway: Micros,
    origin: Origin,
    now: Micros,
) -> Arrival:
    """`kept_state` is the cookie's, `answer` the query of the address `arrived_at`; `root` is the server's own.

    Audited. Raises BadCredentials, one text for every cause.
    """
    state = answer.get("state", "")
    tenant_id = tenant_of(kept_state, SecretKind.UPSTREAM_STATE)
    if tenant_id is None or not hmac.compare_digest(state.encode(), kept_state.encode()):
        raise BadCredentials("state_mismatch", REFUSED)
    async with store.write() as tx:
        claimed = await identity_providers.claim_sign_in(tx, tenant_id, hasher.hash(state), now)
    if claimed is None:
        raise BadCredentials("state_unknown", REFUSED)
    try:
        async with store.read() as read:
            provider, by_several = await _provider_at(read, tenant_id, claimed.provider_id, root, arrived_at)
        discovery = await read_discovery(http, provider.issuer)
        _check_answer(provider, discovery, answer, shared_by_several=by_several)
        token = await _redeem(
            http, hasher, master_key, tenant_id, provider, discovery, state, answer["code"], arrived_at, leeway, now
        )
        _check_age(token, claimed, leeway)
        async with store.write() as tx:
            return await _enter(tx, tenant_id, claimed.provider_id, token, claimed.back, origin, now)
    except TokenRefused as refused:
        reason = str(refused)
    except Unreachable as unreachable:
        reason = f"provider_unreachable: {unreachable}"
    event = events.UpstreamSignInRefused(provider_id=claimed.provider_id, reason=reason)
    async with store.write() as tx:
        await record(tx, tenant_id, anonymous(origin), event, now)
    raise BadCredentials(reason, REFUSED)


async def read_discovery(http: OutgoingHttp, issuer: str) -> Discovery:
    """Raises Unreachable: no document, not of this issuer (Discovery §4.3), an address missing."""
    document = await _get_json(http, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if document.get("issuer") != issuer:
        raise Unreachable("the discovery document is of another issuer")
    addresses = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    for address in addresses:
        if not isinstance(address, str):
            raise Unreachable("the discovery document lacks an address")
        http.check(address)
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    authorization, token, jwks = (str(address) for address in addresses)
    takes_basic = isinstance(methods, list) and "client_secret_basic" in methods
    names_itself = document.get("authorization_response_iss_parameter_supported") is True
    return Discovery(authorization, token, jwks, takes_basic, names_itself)


async def _provider_at(
    read: Read, tenant_id: TenantId, provider_id: str, root: str, arrived_at: str
) -> tuple[IdentityProvider, bool]:
    """The provider, whose address this is, and whether providers of other tenants have it too. Raises TokenRefused."""
    provider = await identity_providers.find_live(read, tenant_id, provider_id)
    if provider is None:
        raise TokenRefused("provider_removed")
    if arrived_at != callback_in_use(root, tenant_id, provider):
        raise TokenRefused("wrong_callback")
    return provider, bool(provider.shares_callback) and await shared_callbacks.is_of_several_tenants(read, tenant_id)


def _check_answer(
    provider: IdentityProvider, discovery: Discovery, answer: dict[str, str], *, shared_by_several: bool
) -> None:
    """Whether the answer is this provider's. Nothing of it has been handed to anybody yet. Raises TokenRefused.

    `iss` is demanded where it is promised. At an address that providers of several tenants share nothing else tells
    their answers apart, so there it is demanded in any case. Sources: RFC 9207 §2.4, RFC 9700 §4.4.2.
    """
    issuer = answer.get("iss")
    if issuer is None and shared_by_several:
        raise TokenRefused("shared_callback")
    if issuer is None and discovery.names_itself:
        raise TokenRefused("no_iss_in_answer")
    if issuer is not None and issuer != provider.issuer:
        raise TokenRefused("wrong_iss_in_answer")
    if "error" in answer:
        raise TokenRefused("provider_refused")
    if not answer.get("code"):
        raise TokenRefused("no_code")


async def _redeem(
    http: OutgoingHttp,
    hasher: SecretHasher,
    master_key: MasterKey,
    tenant_id: TenantId,
    provider: IdentityProvider,
    discovery: Discovery,
    state: str,
    code: str,
    callback: str,
    leeway: Micros,
    now: Micros,
) -> IdToken:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback,
        "code_verifier": _derive(hasher, "verifier", state),
    }
    secret = secret_of(master_key, tenant_id, provider)
    basic = (provider.client_id, secret) if discovery.takes_basic else None
    if basic is None:
        fields |= {"client_id": provider.client_id, "client_secret": secret}
    reply = await http.post_form(discovery.token_endpoint, fields, basic=basic)
    raw = _object(reply.body).get("id_token") if reply.status == 200 else None
    if not isinstance(raw, str):
        raise TokenRefused("no_id_token")
    return verify_id_token(
        raw,
        await _get_json(http, discovery.jwks_uri),
        issuer=provider.issuer,
        client_id=provider.client_id,
        nonce=_derive(hasher, "nonce", state),
        leeway=leeway,
        now=now,
    )


def _check_age(token: IdToken, asked: UpstreamSignIn, leeway: Micros) -> None:
    """Whether the person was proven when the app demanded it. Asked for `max_age`, a provider has to say when (Core
    §2); for `prompt=login` it need not, and is believed. Raises TokenRefused.
    """
    age = 0 if asked.prompt is not None else asked.max_age
    if token.authenticated_at is None:
        if asked.max_age is not None:
            raise TokenRefused("no_auth_time")
    elif age is not None and token.authenticated_at < asked.created_at - age - leeway:
        raise TokenRefused("authenticated_too_long_ago")


async def _enter(
    tx: Tx, tenant_id: TenantId, provider_id: str, token: IdToken, back: str, origin: Origin, now: Micros
) -> Arrival:
    provider = await identity_providers.find_live(tx, tenant_id, provider_id)
    if provider is None:
        raise TokenRefused("provider_removed")
    user = await _match(tx, tenant_id, provider, token, origin, now)
    if user.disabled_at is not None or user.soft_deleted_at is not None:
        raise TokenRefused("user_ended")
    amr = frozenset({FEDERATED, "mfa"} if provider.trusts_mfa and "mfa" in token.amr else {FEDERATED})
    caller = Caller(CallerKind.USER, origin, tenant_id=tenant_id, user_id=user.id, amr=amr)
    await record(tx, tenant_id, caller, events.SignInSucceeded(user_id=user.id, amr=sorted(amr)), now)
    return Arrival(user, amr, token.authenticated_at, back)


async def _match(
    tx: Tx, tenant_id: TenantId, provider: IdentityProvider, token: IdToken, origin: Origin, now: Micros
) -> User:
    linked = await identity_providers.find_linked_user(tx, tenant_id, provider.id, provider.issuer, token.subject)
    if linked is not None:
        user = await users.find(tx, tenant_id, linked)
        if user is None:
            raise TokenRefused("user_ended")
        return user
    user = await _find_by_name(tx, tenant_id, provider, token)
    if user is None or not await grants.hold_user(tx, tenant_id, user.id):
        raise TokenRefused("unknown_user")
    if not await identity_providers.link(
        tx, tenant_id, user.id, provider_id=provider.id, issuer=provider.issuer, subject=token.subject, now=now
    ):
        raise TokenRefused("user_has_another_subject")
    caller = Caller(CallerKind.USER, origin, tenant_id=tenant_id, user_id=user.id)
    event = events.IdentityLinked(user_id=user.id, provider_id=provider.id, subject=token.subject)
    await record(tx, tenant_id, caller, event, now)
    return user


async def _find_by_name(read: Read, tenant_id: TenantId, provider: IdentityProvider, token: IdToken) -> User | None:
    """By what the provider vouches for, and only in a verified domain of this tenant."""
    name = token.email if provider.name_claim == NameClaim.EMAIL else token.upn
    if name is None:
        raise TokenRefused("name_not_verified")
    domain = await tenants.find_domain(read, tenant_id, name.rpartition("@")[2].lower())
    if domain is None or domain.verified_at is None:
        raise TokenRefused("foreign_domain")
    return await users.find_by_name(read, tenant_id, name)


async def _get_json(http: OutgoingHttp, url: str) -> dict[str, Any]:
    reply = await http.get(url)
    if reply.status != 200:
        raise Unreachable(f"answered {reply.status}")
    return _object(reply.body)


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_DOCUMENT:
        raise Unreachable("the answer is too long")
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreachable("the answer is not JSON") from None
    if not isinstance(found, dict):
        raise Unreachable("the answer is no object")
    return found


def _derive(hasher: SecretHasher, purpose: str, state: str) -> str:
    """64 characters that only the holder of the pepper and the state can make."""
    return hasher.hash(f"upstream {purpose} {state}").hex()
