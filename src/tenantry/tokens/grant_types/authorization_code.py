"""The connector redeems the authorization code that the user's browser brought to it.

1. The client is authenticated, then the code is claimed, and the grant and its tokens are made in one transaction.
   Whoever asked for `openid` gets an ID token beside them, and another one with each refresh (../id_tokens.py).
2. When a code comes a second time, somebody may have stolen it or the first answer: the grant made from it is revoked.

Sources: RFC 6749 §4.1.3, RFC 7636 §4.6.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from tenantry.access.actions import Permission
from tenantry.audit.events import AuthorizationCodeReused
from tenantry.audit.record import record
from tenantry.core.caller import Caller, CallerKind, Reach
from tenantry.core.clock import Micros
from tenantry.core.errors import BadCredentials, FailedPrecondition, InvalidGrant, InvalidScope, NotFound
from tenantry.core.hiding import hiding
from tenantry.core.ids import ConnectorId, GrantId, TenantId, new_guid
from tenantry.store.engine.interface import Tx
from tenantry.store.tokens import authorization_codes
from tenantry.store.tokens.authorization_codes import ClaimedCode
from tenantry.tokens import base64url
from tenantry.tokens.clients import Client, authenticate_connector
from tenantry.tokens.grants import GrantTerms, Replaces, create_grant, revoke_grant
from tenantry.tokens.id_tokens import SignIn, issue_id_token
from tenantry.tokens.issuing import Issued, Issuing, TokenAsk, issue
from tenantry.tokens.refusals import MALFORMED, note_refusal
from tenantry.tokens.secrets import SecretKind, tenant_of

REUSED = "code_reused"
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@hiding("code", "code_verifier")
class PresentedCode(NamedTuple):
    """`redirect_uri`: None where the wire has no such parameter (Kaizala contract §3.2, A5)."""

    code: str
    redirect_uri: str | None
    code_verifier: str | None


async def redeem_code(issuing: Issuing, ask: TokenAsk, client: Client, presented: PresentedCode) -> Issued:
    """Steps 1 and 2, with a refresh token. Single use: of any number of callers one wins.

    Raises InvalidClient, InvalidGrant. 1 read, 1 write, 1 read more for an ID token; a signature for each token.
    """
    tenant_id = tenant_of(presented.code, SecretKind.AUTHORIZATION_CODE)
    if tenant_id is None:
        raise InvalidGrant(MALFORMED)
    try:
        return await _redeem(issuing, ask, client, presented, tenant_id)
    except BadCredentials as refused:
        await note_refusal(issuing.store, ask, tenant_id, refused, client.client_id)
        raise


async def _redeem(
    issuing: Issuing, ask: TokenAsk, client: Client, presented: PresentedCode, tenant_id: TenantId
) -> Issued:
    async with issuing.store.read() as read:
        connector = await authenticate_connector(read, issuing.hasher, issuing.uses, client, ask.now)
    if tenant_id != connector.tenant_id or ask.tenant not in (None, tenant_id):
        raise InvalidGrant("wrong_tenant")
    code_hash, connector_id = issuing.hasher.hash(presented.code), connector.connector_id
    grant_id = GrantId(new_guid())
    async with issuing.store.write() as tx:
        claimed = await authorization_codes.claim(
            tx,
            tenant_id,
            code_hash,
            connector_id=connector_id,
            redirect_uri=presented.redirect_uri,
            code_challenge=_challenge_of(presented.code_verifier),
            grant_id=grant_id,
            now=ask.now,
        )
        if claimed is not None:
            caller = Caller(
                CallerKind.USER,
                ask.origin,
                tenant_id=tenant_id,
                user_id=claimed.user_id,
                connector_id=connector_id,
                grant_id=grant_id,
            )
            return await _grant(issuing, tx, ask, caller, tenant_id, connector_id, grant_id, claimed)
        caller = Caller(CallerKind.CONNECTOR, ask.origin, tenant_id=tenant_id, connector_id=connector_id)
        reason = await _refuse(tx, caller, tenant_id, code_hash, connector_id, ask.now)
    raise InvalidGrant(reason)


async def _grant(
    issuing: Issuing,
    tx: Tx,
    ask: TokenAsk,
    caller: Caller,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    grant_id: GrantId,
    claimed: ClaimedCode,
) -> Issued:
    permissions, amr = tuple(claimed.scope.split()), tuple(claimed.amr.split())
    sign_in = None
    if claimed.authenticated_at is not None and claimed.sign_in_scope is not None:
        sign_in = SignIn(claimed.authenticated_at, claimed.sign_in_scope)
    try:
        grant = await create_grant(
            tx,
            caller,
            issuing.hasher,
            tenant_id=tenant_id,
            terms=GrantTerms(
                connector_id=connector_id,
                user_id=claimed.user_id,
                reach=Reach.USER,
                permissions=[Permission(word) for word in permissions],
                amr=amr,
                sign_in=sign_in,
            ),
            lifetime=issuing.lifetimes.refresh,
            now=ask.now,
            grant_id=grant_id,
            replaces=Replaces.NONE,
        )
    except (NotFound, FailedPrecondition, InvalidScope) as gone:
        # This transaction is rolled back, the claim included. The code cannot be used anyway: its user or connector is
        # gone.
        raise InvalidGrant(f"cannot_grant: {gone}") from gone
    access_token = await issue(issuing, tx, ask, caller, scope=claimed.scope, amr=amr)
    id_token = None
    if sign_in is not None:
        id_token = await issue_id_token(issuing, tx, ask, tenant_id, grant_id, claimed.nonce)
    return Issued(
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
    """Answer why the code could not be claimed. If it was claimed before, revoke its grant."""
    code = await authorization_codes.find_state(tx, tenant_id, code_hash)
    if code is None:
        return "unknown"
    if code.connector_id != connector_id:
        return "wrong_connector"
    if code.grant_id is not None:
        await record(
            tx, tenant_id, caller, AuthorizationCodeReused(connector_id=connector_id, grant_id=code.grant_id), now
        )
        await revoke_grant(tx, caller, tenant_id, code.grant_id, REUSED, now)
        return REUSED
    return "expired" if now >= code.expires_at else "wrong_redirect_uri_or_verifier"


def _challenge_of(code_verifier: str | None) -> str | None:
    """The challenge of a verifier (RFC 7636 §4.6). For a malformed verifier, a value that no code has."""
    if code_verifier is None:
        return None
    if not _VERIFIER.fullmatch(code_verifier):
        return MALFORMED
    return base64url.encode(hashlib.sha256(code_verifier.encode()).digest()).decode()
