"""Signs a user in with an account at an OpenID provider of the tenant: code flow with state, nonce and PKCE.

1. `begin_upstream` reads the provider's discovery document (provider_documents.py) and makes the address to go to. The
   state is a secret of the browser; nonce and PKCE verifier are made from it, so that nothing is stored that is worth
   stealing.
2. `finish_upstream` uses the state up. The answer must have come to the address of the very provider to which the
   browser was sent, and must name the provider in `iss` where it promises that (`check_answer`): otherwise the code of
   one provider could be handed to another. Then the code is redeemed for an ID token, which is verified (id_tokens.py).
3. What the connector demanded of the sign-in (`prompt=login`, `max_age`) is passed on, and `check_age` checks what came
   of it. The time that the provider names is the session's.
4. Where the token does not name the person, userinfo is asked. `provider_accounts.py` finds the user.

Every refusal reads the same; the trail has the reason. Sources: OpenID Connect Core §3.1.2 and §3.1.3, RFC 7636, RFC
9207 (`iss` in the answer), RFC 9700 §2.1 and §4.4.2 (mix-up).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Origin, anonymous
from tenantry.core.clock import MINUTE, SECOND, Micros
from tenantry.core.errors import BadCredentials
from tenantry.core.hiding import hiding
from tenantry.core.http import OutgoingHttp, Reply, Unreachable
from tenantry.core.ids import TenantId
from tenantry.directory.id_tokens import IdToken, has_name, verify_id_token
from tenantry.directory.identity_providers import callback_in_use, find_provider, secret_of
from tenantry.directory.provider_accounts import Arrival, enter
from tenantry.directory.provider_answers import check_age, check_answer, provider_at, word
from tenantry.directory.provider_documents import Discovery, object_of, read_discovery, read_keys, read_userinfo
from tenantry.directory.provider_signatures import TokenRefused
from tenantry.store.engine.interface import Store
from tenantry.store.sign_in import identity_providers
from tenantry.store.sign_in.identity_providers import IdentityProvider
from tenantry.tokens import base64url
from tenantry.tokens.keys.master_key import MasterKey
from tenantry.tokens.secrets import SecretHasher, SecretKind, tenant_of

LIFETIME = 10 * MINUTE
REFUSED = "Signing in with the organisation's account did not work. Try again, or ask your administrator."


class Departure(NamedTuple):
    """Where the browser is sent. `state` goes into a cookie, and comes back in the address."""

    address: str
    state: str


@hiding("access_token")
class Redeemed(NamedTuple):
    """The answer of the provider's token endpoint, and the keys that it signs with."""

    token: IdToken
    access_token: str
    keys: dict[str, Any]


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
    origin: Origin,
    now: Micros,
) -> Departure:
    """Note that a browser goes to the provider, and make the address. `root` is the server's own address; `prompt` and
    `max_age` are what the connector demands.

    Raises NotFound; BadCredentials when the provider cannot be reached, which is audited.
    """
    async with store.read() as read:
        provider = await find_provider(read, tenant_id, provider_id)
    try:
        discovery = await read_discovery(http, tenant_id, provider.issuer)
    except Unreachable as error:
        reason = f"provider_unreachable: {error}"
        await _note_refusal(store, tenant_id, provider_id, reason, origin, now)
        raise BadCredentials(reason, REFUSED) from None
    state = hasher.mint(SecretKind.UPSTREAM_STATE, tenant_id)
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
    """Find the user who came back. `kept_state` is the cookie's, `answer` the query of the address `arrived_at`; `root`
    is the server's own address. Audited. Raises BadCredentials, with one text for every cause.
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
            provider, by_several = await provider_at(read, tenant_id, claimed.provider_id, root, arrived_at)
        discovery = await read_discovery(http, tenant_id, provider.issuer)
        check_answer(provider, discovery, answer, shared_by_several=by_several)
        redeemed = await _redeem(
            http, hasher, master_key, tenant_id, provider, discovery, state, answer["code"], arrived_at, leeway, now
        )
        check_age(redeemed.token, claimed, leeway)
        claims = await _claims_of(store, http, tenant_id, provider, discovery, redeemed)
        async with store.write() as tx:
            return await enter(tx, tenant_id, claimed.provider_id, redeemed.token, claims, claimed.back, origin, now)
    except TokenRefused as refused:
        reason = str(refused)
    except Unreachable as unreachable:
        reason = f"provider_unreachable: {unreachable}"
    await _note_refusal(store, tenant_id, claimed.provider_id, reason, origin, now)
    raise BadCredentials(reason, REFUSED)


async def _note_refusal(
    store: Store, tenant_id: TenantId, provider_id: str, reason: str, origin: Origin, now: Micros
) -> None:
    event = events.UpstreamSignInRefused(provider_id=provider_id, reason=reason)
    await record(store, tenant_id, anonymous(origin), event, now)


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
) -> Redeemed:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback,
        "code_verifier": _derive(hasher, "verifier", state),
    }
    secret = secret_of(master_key, tenant_id, provider)
    basic = (provider.client_id, secret) if discovery.takes_basic(provider.client_id, secret) else None
    if basic is None:
        fields |= {"client_id": provider.client_id, "client_secret": secret}
    reply = await http.post_form(discovery.token_endpoint, fields, tenant_id=tenant_id, basic=basic)
    tokens = _tokens_in(reply)
    raw = tokens.get("id_token")
    if not isinstance(raw, str):
        raise TokenRefused("no_id_token")
    keys = await read_keys(http, tenant_id, discovery)
    token = verify_id_token(
        raw,
        keys,
        issuer=provider.issuer,
        client_id=provider.client_id,
        nonce=_derive(hasher, "nonce", state),
        leeway=leeway,
        now=now,
    )
    return Redeemed(token, str(tokens.get("access_token", "")), keys)


def _tokens_in(reply: Reply) -> dict[str, Any]:
    """The tokens in the provider's answer. Raises TokenRefused with the provider's word for it, such as
    `invalid_client`; Unreachable.
    """
    try:
        found = object_of(reply)
    except Unreachable:
        if reply.status == 200:
            raise
        found = {}
    if "error" in found:
        raise TokenRefused(f"provider_refused: {word(found['error'])}")
    if reply.status != 200:
        raise Unreachable(f"its token endpoint answered {reply.status}")
    return found


async def _claims_of(
    store: Store,
    http: OutgoingHttp,
    tenant_id: TenantId,
    provider: IdentityProvider,
    discovery: Discovery,
    redeemed: Redeemed,
) -> Mapping[str, Any]:
    """The claims that name the user: the token's, or userinfo's where the token has none (Core §5.4). Once the account
    is linked, userinfo is not asked.

    It is never a part of each, since an address counts with what the same document says of it. Raises TokenRefused,
    Unreachable.
    """
    token = redeemed.token
    if has_name(token.claims, provider.name_claim):
        return token.claims
    async with store.read() as read:
        linked = await identity_providers.find_linked_user(read, tenant_id, provider.id, provider.issuer, token.subject)
    if linked is not None:
        return token.claims
    return await read_userinfo(
        http,
        tenant_id,
        discovery,
        redeemed.keys,
        client_id=provider.client_id,
        access_token=redeemed.access_token,
        subject=token.subject,
    )


def _derive(hasher: SecretHasher, purpose: str, state: str) -> str:
    """64 characters that only the holder of the pepper and the state can make."""
    return hasher.derive(state, f"upstream {purpose}").hex()
