"""Authorization codes: a signed-in user sends the application back with one, the application redeems it.

1. `issue_code` keeps what the user agreed to, and the application's PKCE challenge.
2. `redeem_code` proves the client, then claims the code, makes the grant and its tokens in one transaction. Whoever
   asked for `openid` gets an ID token beside them; a refresh makes no other one (OpenID Connect Core §12.2).
3. A code that comes a second time was stolen, or its first answer was: the grant made from it is revoked.

Sources: RFC 6749 §4.1, RFC 7636 (method S256 only), RFC 9700 §2.1.1 (a public client needs PKCE).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable

from tenantry.access.actions import Permission
from tenantry.audit.events import AccessTokenIssued, AuthorizationCodeIssued, AuthorizationCodeReused
from tenantry.audit.record import record
from tenantry.core.caller import Audience, Caller, CallerKind, Origin, Reach
from tenantry.core.clock import Micros
from tenantry.core.errors import (
    BadCredentials,
    FailedPrecondition,
    InvalidGrant,
    InvalidScope,
    InvalidValue,
    NotFound,
)
from tenantry.core.hiding import hiding
from tenantry.core.ids import ConnectorId, GrantId, TenantId, UserId, new_guid
from tenantry.store.connectors import connectors
from tenantry.store.engine.interface import Store, Tx
from tenantry.store.tokens import authorization_codes
from tenantry.store.tokens.authorization_codes import ClaimedCode
from tenantry.tokens import base64url
from tenantry.tokens.client_credentials import authenticate_connector
from tenantry.tokens.exchange import Exchanged
from tenantry.tokens.grants import Replaces, create_grant, revoke_grant
from tenantry.tokens.id_tokens import mint_id_token
from tenantry.tokens.mint import mint_access_token
from tenantry.tokens.refusals import MALFORMED, note_refusal
from tenantry.tokens.secrets import SecretHasher, SecretKind, tenant_of
from tenantry.tokens.signing_keys import KeyRing

REUSED = "code_reused"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@hiding("refresh_token", "id_token")
class Redeemed(Exchanged, frozen=True):
    """What a code gave: `id_token` only where one was asked for."""

    id_token: str | None = None

    __repr__ = Exchanged.__repr__


async def issue_code(
    tx: Tx,
    hasher: SecretHasher,
    caller: Caller,
    *,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    user_id: UserId,
    redirect_uri: str,
    scope: Collection[Permission],
    amr: Iterable[str],
    nonce: str | None = None,
    authenticated_at: Micros | None = None,
    code_challenge: str | None = None,
    lifetime: Micros,
    now: Micros,
) -> str:
    """A code for the user's consent to `scope`. Whether `redirect_uri` is the connector's is the caller's to check.

    `authenticated_at`: when the user signed in, if there is to be an ID token, which repeats `nonce` (OpenID Connect
    Core §2). Audited. Raises NotFound("connector"), InvalidValue(field="code_challenge").
    """
    connector = await connectors.find(tx, tenant_id, connector_id)
    if connector is None:
        raise NotFound("connector")
    if code_challenge is None and connector.kind == "public":
        raise InvalidValue("A public connector needs PKCE: send a code_challenge.", field="code_challenge")
    if code_challenge is not None and not _CHALLENGE.fullmatch(code_challenge):
        raise InvalidValue("The code_challenge must be a SHA-256 in base64url.", field="code_challenge")
    code = hasher.mint(SecretKind.AUTHORIZATION_CODE, tenant_id)
    await authorization_codes.insert(
        tx,
        tenant_id,
        hasher.hash(code),
        connector_id=connector_id,
        user_id=user_id,
        redirect_uri=redirect_uri,
        scope=" ".join(sorted(scope)),
        amr=" ".join(sorted(amr)),
        nonce=nonce,
        authenticated_at=authenticated_at,
        code_challenge=code_challenge,
        expires_at=now + lifetime,
        now=now,
    )
    await record(tx, tenant_id, caller, AuthorizationCodeIssued(connector_id=connector_id, user_id=user_id), now)
    return code


async def redeem_code(
    store: Store,
    ring: KeyRing,
    hasher: SecretHasher,
    *,
    client_id: str,
    client_secret: str | None,
    code: str,
    redirect_uri: str | None,
    code_verifier: str | None,
    audience: Audience,
    issuer: str,
    lifetime: Micros,
    refresh_lifetime: Micros,
    now: Micros,
    origin: Origin,
    tenant: TenantId | None = None,
) -> Redeemed:
    """Steps 2 and 3, with a refresh token. `redirect_uri`: None where the contract has no such parameter (Kaizala A5).

    Single use: of any number of callers one wins. Raises InvalidClient, InvalidGrant. 1 read, 1 write, a signature for
    each token.
    """
    tenant_id = tenant_of(code, SecretKind.AUTHORIZATION_CODE)
    if tenant_id is None:
        raise InvalidGrant(MALFORMED)
    try:
        async with store.read() as read:
            connector = await authenticate_connector(read, hasher, client_id, client_secret, now)
        if tenant_id != connector.tenant_id or (tenant is not None and tenant != tenant_id):
            raise InvalidGrant("wrong_tenant")
        code_hash = hasher.hash(code)
        grant_id = GrantId(new_guid())
        async with store.write() as tx:
            claimed = await authorization_codes.claim(
                tx,
                tenant_id,
                code_hash,
                connector_id=connector.connector_id,
                redirect_uri=redirect_uri,
                code_challenge=_challenge_of(code_verifier),
                grant_id=grant_id,
                now=now,
            )
            if claimed is not None:
                caller = Caller(
                    CallerKind.USER,
                    origin,
                    tenant_id=tenant_id,
                    user_id=claimed.user_id,
                    connector_id=connector.connector_id,
                    grant_id=grant_id,
                )
                return await _issue(
                    tx,
                    ring,
                    hasher,
                    caller,
                    tenant_id,
                    connector.connector_id,
                    grant_id,
                    claimed,
                    audience=audience,
                    issuer=issuer,
                    lifetime=lifetime,
                    refresh_lifetime=refresh_lifetime,
                    now=now,
                )
            caller = Caller(CallerKind.CONNECTOR, origin, tenant_id=tenant_id, connector_id=connector.connector_id)
            reason = await _refuse(tx, caller, tenant_id, code_hash, connector.connector_id, now)
        raise InvalidGrant(reason)
    except BadCredentials as refused:
        await note_refusal(store, tenant_id, refused, audience=audience, client_id=client_id, origin=origin, now=now)
        raise


async def _issue(
    tx: Tx,
    ring: KeyRing,
    hasher: SecretHasher,
    caller: Caller,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    grant_id: GrantId,
    claimed: ClaimedCode,
    *,
    audience: Audience,
    issuer: str,
    lifetime: Micros,
    refresh_lifetime: Micros,
    now: Micros,
) -> Redeemed:
    permissions, amr = tuple(claimed.scope.split()), tuple(claimed.amr.split())
    try:
        grant = await create_grant(
            tx,
            caller,
            hasher,
            tenant_id=tenant_id,
            connector_id=connector_id,
            user_id=claimed.user_id,
            reach=Reach.USER,
            permissions=[Permission(word) for word in permissions],
            amr=amr,
            lifetime=refresh_lifetime,
            now=now,
            grant_id=grant_id,
            replaces=Replaces.NONE,
        )
    except (NotFound, FailedPrecondition, InvalidScope) as gone:
        # Nothing is kept of this transaction, the claim neither: what the code stands on is gone, so it is dead anyway.
        raise InvalidGrant(f"cannot_grant: {gone}") from gone
    access_token = mint_access_token(
        ring,
        issuer=issuer,
        audience=audience,
        subject=claimed.user_id,
        tenant_id=tenant_id,
        client_id=connector_id,
        scope=claimed.scope,
        grant_id=grant_id,
        amr=amr,
        lifetime=lifetime,
        now=now,
    )
    issued = AccessTokenIssued(jti=access_token.jti, audience=audience, expires_at=access_token.expires_at)
    await record(tx, tenant_id, caller, issued, now)
    id_token = None
    if claimed.authenticated_at is not None:
        id_token = mint_id_token(
            ring,
            issuer=issuer,
            subject=claimed.user_id,
            tenant_id=tenant_id,
            client_id=connector_id,
            nonce=claimed.nonce,
            authenticated_at=claimed.authenticated_at,
            amr=amr,
            lifetime=lifetime,
            now=now,
        )
    return Redeemed(
        access_token=access_token,
        tenant_id=tenant_id,
        connector_id=connector_id,
        permissions=permissions,
        user_id=claimed.user_id,
        grant_id=grant_id,
        amr=amr,
        refresh_token=grant.refresh_token,
        refresh_expires_at=grant.expires_at,
        id_token=id_token,
    )


async def _refuse(
    tx: Tx, caller: Caller, tenant_id: TenantId, code_hash: bytes, connector_id: ConnectorId, now: Micros
) -> str:
    """Why the code could not be claimed; one that was claimed before takes its grant with it. Does not raise."""
    code = await authorization_codes.find_state(tx, tenant_id, code_hash)
    if code is None:
        return "unknown"
    if code.connector_id != connector_id:
        return "wrong_connector"
    if code.claimed_at is not None and code.grant_id is not None:
        await record(
            tx, tenant_id, caller, AuthorizationCodeReused(connector_id=connector_id, grant_id=code.grant_id), now
        )
        await revoke_grant(tx, caller, tenant_id, code.grant_id, REUSED, now)
        return REUSED
    return "expired" if now >= code.expires_at else "wrong_redirect_uri_or_verifier"


def _challenge_of(code_verifier: str | None) -> str | None:
    """RFC 7636 §4.6. A malformed verifier becomes a challenge that no code has."""
    if code_verifier is None:
        return None
    if not _VERIFIER.fullmatch(code_verifier):
        return MALFORMED
    return base64url.encode(hashlib.sha256(code_verifier.encode()).digest()).decode()
