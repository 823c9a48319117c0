"""Hot path: refresh token -> access token (1 read and 1 write in one grouped transaction, 1 signature).

1. Garbage is refused without I/O. The refresh token names its tenant; one statement brings the connector, its secret,
   the token, the grant, and the state of all they stand on.
2. The client is judged before the token, so that whoever does not hold the connector's secret learns nothing of the
   token. Every fault of the client has one public answer, and so has every fault of the token; the trail knows which.
3. The token is minted, its audit event is durable, then it is handed out.
4. The refresh token is presented again and again, until its end. From 90 % of its validity each exchange also answers a
   new one, which prolongs the grant; the old one stays good until its own end.

Sources: Kaizala contract A3, §4.1 and §6 no. 7 and 8; RFC 6749 §6.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import NamedTuple

import msgspec

from tenantry.audit.events import AccessTokenIssued, RefreshTokenIssued
from tenantry.audit.record import record
from tenantry.core.caller import Audience, Caller, CallerKind, Origin
from tenantry.core.clock import Micros
from tenantry.core.errors import BadCredentials, InvalidClient, InvalidGrant
from tenantry.core.hiding import hiding
from tenantry.core.ids import ConnectorId, GrantId, TenantId, UserId, parse_guid
from tenantry.store.engine.interface import LoneTx, Store
from tenantry.store.tokens import grants, presented
from tenantry.store.tokens.presented import PresentedRefreshToken
from tenantry.tokens.last_uses import PROCESS_USES
from tenantry.tokens.mint import AccessToken, mint_access_token
from tenantry.tokens.refusals import MALFORMED, note_refusal
from tenantry.tokens.secrets import SecretHasher, SecretKind, is_well_formed, tenant_of
from tenantry.tokens.signing_keys import KeyRing


@hiding("refresh_token")
class Exchanged(msgspec.Struct, frozen=True):
    """What an exchange gave. `refresh_token` is a new one, if any; without a user the token is the connector's own."""

    access_token: AccessToken
    tenant_id: TenantId
    connector_id: ConnectorId
    permissions: tuple[str, ...]
    user_id: UserId | None = None
    grant_id: GrantId | None = None
    amr: tuple[str, ...] = ()
    refresh_token: str | None = None
    refresh_expires_at: Micros | None = None
    """The end of `refresh_token`, or else of the one that was presented, if one was."""

    def __repr__(self) -> str:
        """Without the tokens."""
        return f"Exchanged(jti={self.access_token.jti!r}, grant_id={self.grant_id!r})"


async def exchange_refresh_token(
    store: Store,
    ring: KeyRing,
    hasher: SecretHasher,
    *,
    client_id: str,
    client_secret: str | None,
    refresh_token: str,
    audience: Audience,
    issuer: str,
    lifetime: Micros,
    now: Micros,
    origin: Origin,
    refresh_lifetime: Micros,
    tenant: TenantId | None = None,
) -> Exchanged:
    """Steps 1 to 4. `tenant`: the only tenant whose tokens are taken; `client_secret` is None for public connectors.

    Raises InvalidClient, InvalidGrant; StoreBusy, and then no token has been issued.
    """
    connector_id, secret_hash = read_client(hasher, client_id, client_secret)
    tenant_id = tenant_of(refresh_token, SecretKind.REFRESH_TOKEN)
    if tenant_id is None:
        raise InvalidGrant(MALFORMED)
    token_hash = hasher.hash(refresh_token)

    async def judge(tx: LoneTx) -> _Issuance | BadCredentials:
        row = await presented.find_refresh_token(tx, tenant_id, token_hash, connector_id, secret_hash, now)
        judged = _judged(row, connector_id, secret_hash, is_of_tenant=tenant in (None, tenant_id), now=now)
        if isinstance(judged, BadCredentials):
            return judged
        issuance = _issue(ring, judged, tenant_id, audience, issuer, lifetime, now, origin)
        if not _is_ending(judged, now):
            await record(tx, tenant_id, issuance.caller, issuance.issued, now)
        return issuance

    outcome = await store.transact(judge)
    new_token, refresh_expires_at = None, now + refresh_lifetime
    if isinstance(outcome, _Issuance) and _is_ending(outcome.row, now):
        new_token = hasher.mint(SecretKind.REFRESH_TOKEN, tenant_id)
        if not await _renew(store, tenant_id, outcome, hasher.hash(new_token), refresh_expires_at, now):
            outcome = InvalidGrant("revoked")
    if isinstance(outcome, BadCredentials):
        await note_refusal(store, tenant_id, outcome, audience=audience, client_id=client_id, origin=origin, now=now)
        raise outcome
    row = outcome.row
    PROCESS_USES.note_token(tenant_id, token_hash, row.token_last_used_at, now)
    if secret_hash:
        PROCESS_USES.note_secret(connector_id, secret_hash, row.secret_last_used_at, now)
    return Exchanged(
        access_token=outcome.access_token,
        tenant_id=tenant_id,
        connector_id=connector_id,
        permissions=tuple(row.permissions.split()),
        user_id=row.user_id,
        grant_id=row.grant_id,
        amr=tuple(row.amr.split()),
        refresh_token=new_token,
        refresh_expires_at=refresh_expires_at if new_token else row.token_expires_at,
    )


def read_client(hasher: SecretHasher, client_id: str, client_secret: str | None) -> tuple[ConnectorId, bytes]:
    """The connector's id and the hash of its secret; empty for no secret. Raises InvalidClient for garbage. No I/O."""
    connector_id = parse_guid(client_id)
    if connector_id is None:
        raise InvalidClient(MALFORMED)
    if client_secret is None:
        return ConnectorId(connector_id), b""
    if not is_well_formed(client_secret, SecretKind.CONNECTOR_SECRET):
        raise InvalidClient(MALFORMED)
    return ConnectorId(connector_id), hasher.hash(client_secret)


def fault_of_client(
    kind: str, deleted_at: Micros | None, presented_hash: bytes, secret_hash: bytes | None
) -> InvalidClient | None:
    """What is wrong with the client authentication, if anything. `secret_hash`: of the live secret that was found."""
    if deleted_at is not None:
        return InvalidClient("connector_deleted")
    if kind == "public":
        return InvalidClient("public_with_secret") if presented_hash else None
    if kind != "confidential":
        return InvalidClient("wrong_kind")
    if not presented_hash:
        return InvalidClient("no_secret")
    if secret_hash is None or not compare_digest(secret_hash, presented_hash):
        return InvalidClient("wrong_secret")
    return None


class _Issuance(NamedTuple):
    """A good refresh token, what it is exchanged for, and what the trail is told of that."""

    row: PresentedRefreshToken
    access_token: AccessToken
    caller: Caller
    issued: AccessTokenIssued


def _judged(
    row: PresentedRefreshToken | None,
    connector_id: ConnectorId,
    presented_hash: bytes,
    *,
    is_of_tenant: bool,
    now: Micros,
) -> PresentedRefreshToken | BadCredentials:
    """The row, or what is wrong with it."""
    if row is None:
        return InvalidClient("unknown_connector")
    fault = fault_of_client(row.connector_kind, row.connector_deleted_at, presented_hash, row.secret_hash)
    if fault is not None:
        return fault
    reason = _fault_of_token(row, connector_id, now) or (None if is_of_tenant else "wrong_tenant")
    return row if reason is None else InvalidGrant(reason)


def _fault_of_token(row: PresentedRefreshToken, connector_id: ConnectorId, now: Micros) -> str | None:
    """The first cause, in the order in which an administrator wants to know."""
    causes = (
        (row.token_created_at is None, "unknown"),
        (row.tenant_ended_at is not None, "tenant_ended"),
        (row.grant_connector_id != connector_id, "wrong_connector"),
        (row.grant_revoked_at is not None, "revoked"),
        (row.user_ended_at is not None, "user_ended"),
        (row.group_deleted_at is not None, "group_deleted"),
    )
    for holds, reason in causes:
        if holds:
            return reason
    return "expired" if now >= row.token_expires_at or now >= row.grant_expires_at else None


def _issue(
    ring: KeyRing,
    row: PresentedRefreshToken,
    tenant_id: TenantId,
    audience: Audience,
    issuer: str,
    lifetime: Micros,
    now: Micros,
    origin: Origin,
) -> _Issuance:
    access_token = mint_access_token(
        ring,
        issuer=issuer,
        audience=audience,
        subject=row.user_id,
        tenant_id=tenant_id,
        client_id=row.grant_connector_id,
        scope=row.permissions,
        grant_id=row.grant_id,
        amr=row.amr.split(),
        lifetime=lifetime,
        now=now,
    )
    caller = Caller(
        CallerKind.USER,
        origin,
        tenant_id=tenant_id,
        user_id=row.user_id,
        connector_id=row.grant_connector_id,
        grant_id=row.grant_id,
    )
    issued = AccessTokenIssued(jti=access_token.jti, audience=audience, expires_at=access_token.expires_at)
    return _Issuance(row, access_token, caller, issued)


def _is_ending(row: PresentedRefreshToken, now: Micros) -> bool:
    created_at = row.token_created_at or 0
    return (now - created_at) * 10 >= (row.token_expires_at - created_at) * 9


async def _renew(
    store: Store, tenant_id: TenantId, issuance: _Issuance, new_hash: bytes, expires_at: Micros, now: Micros
) -> bool:
    """Step 4: the grant gets a new token and lives as long. False when it was revoked since it was read."""
    grant_id = issuance.row.grant_id
    async with store.write() as tx:
        if not await grants.prolong(tx, tenant_id, grant_id, expires_at):
            return False
        await grants.insert_refresh_token(tx, tenant_id, new_hash, grant_id=grant_id, expires_at=expires_at, now=now)
        renewed = RefreshTokenIssued(grant_id=grant_id, expires_at=expires_at)
        await record(tx, tenant_id, issuance.caller, renewed, now)
        await record(tx, tenant_id, issuance.caller, issuance.issued, now)
    return True
