"""Hot path: refresh token -> access token (1 read and 1 write in one grouped transaction, 1 signature).

1. Garbage is refused without I/O. The refresh token names its tenant; one statement reads the connector, its secret,
   the token, the grant, and the state of everything they depend on.
2. The client is judged before the token, so that whoever does not hold the connector's secret learns nothing of the
   token. Every fault of the client has one public answer, and so has every fault of the token; the trail knows which.
3. The token is minted, its audit event is durable, then it is handed out.
4. A refresh token may be used any number of times until it expires. After 90 % of its lifetime each exchange also
   answers a new one, which prolongs the grant; the old one stays valid until it expires.

Sources: Kaizala contract §3.2, A3, §4.1 and §6 #7-#8; RFC 6749 §6.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import structs

from tenantry.audit.events import RefreshTokenIssued
from tenantry.audit.record import record
from tenantry.core.caller import Caller, CallerKind, Origin
from tenantry.core.clock import Micros
from tenantry.core.errors import BadCredentials, InvalidClient, InvalidGrant
from tenantry.core.hiding import hiding
from tenantry.core.ids import ConnectorId, TenantId
from tenantry.store.engine.interface import LoneTx
from tenantry.store.tokens import grants, presented
from tenantry.store.tokens.presented import PresentedRefreshToken
from tenantry.tokens.clients import Client, fault_of_client, read_client
from tenantry.tokens.id_tokens import issue_id_token
from tenantry.tokens.issuing import Issued, Issuing, TokenAsk, draft
from tenantry.tokens.mint import Draft
from tenantry.tokens.refusals import MALFORMED, note_refusal
from tenantry.tokens.secrets import SecretKind, tenant_of


async def exchange_refresh_token(issuing: Issuing, ask: TokenAsk, client: Client, refresh_token: str) -> Issued:
    """Steps 1 to 4. Raises InvalidClient, InvalidGrant; StoreBusy, and then no token has been issued."""
    exchange = RefreshTokenExchange(issuing, ask, client, refresh_token)
    await exchange.finish()
    return exchange.issued()


async def refresh_sign_in(
    issuing: Issuing, ask: TokenAsk, client: Client, refresh_token: str, scope: str | None
) -> Issued:
    """`exchange_refresh_token`, with an ID token where `openid` was granted and is asked for: without a scope, what was
    granted is (RFC 6749 §6). For that, 1 read and 1 signature more.
    """
    issued = await exchange_refresh_token(issuing, ask, client, refresh_token)
    if issued.has_sign_in and issued.grant_id is not None and (scope is None or "openid" in scope.split()):
        async with issuing.store.read() as read:
            id_token = await issue_id_token(issuing, read, ask, issued.tenant_id, issued.grant_id)
        return structs.replace(issued, id_token=id_token)
    return issued


class RefreshTokenExchange:
    """One exchange. `finish` does all of it. A hot path calls `look` in a transaction that many share, and `issued`."""

    __slots__ = ("_ask", "_client", "_found", "_got", "_hashes", "_issuing", "_tenant_id")

    def __init__(self, issuing: Issuing, ask: TokenAsk, client: Client, refresh_token: str) -> None:
        """Raises InvalidClient, InvalidGrant for garbage. No I/O."""
        connector_id, secret_hash = read_client(issuing.hasher, client)
        tenant_id = tenant_of(refresh_token, SecretKind.REFRESH_TOKEN)
        if tenant_id is None:
            raise InvalidGrant(MALFORMED)
        self._issuing, self._ask, self._client, self._tenant_id = issuing, ask, client, tenant_id
        self._hashes = _Hashes(connector_id, secret_hash, issuing.hasher.hash(refresh_token))
        self._found: PresentedRefreshToken | BadCredentials | None = None
        self._got: _Exchanged | None = None

    async def look(self, tx: LoneTx) -> bool:
        """Look the token up; draft an access token and record it. 1 read, 1 write.

        False, and nothing is written: it is refused, or a new refresh token is due, which takes more writes than one.
        """
        hashes, tenant_id, ask = self._hashes, self._tenant_id, self._ask
        row = await presented.find_refresh_token(
            tx, tenant_id, hashes.token_hash, hashes.connector_id, hashes.secret_hash, ask.now
        )
        is_of_tenant = ask.tenant is None or ask.tenant == tenant_id
        judged = _judged(row, hashes.connector_id, hashes.secret_hash, is_of_tenant=is_of_tenant, now=ask.now)
        self._found = judged
        if isinstance(judged, BadCredentials) or _is_ending(judged, ask.now):
            return False
        caller = _caller_of(judged, tenant_id, ask.origin)
        drafted = await draft(self._issuing, tx, ask, caller, scope=judged.permissions, amr=judged.amr.split())
        self._got = _Exchanged(judged, drafted)
        return True

    async def finish(self) -> None:
        """Look, and do what a look cannot. Raises InvalidClient, InvalidGrant, StoreBusy."""
        if not await self._issuing.store.transact(self.look):
            await self._renew_or_refuse()

    async def _renew_or_refuse(self) -> None:
        """Step 4, or the refusal, which leaves a mark."""
        outcome, issuing, ask = self._found, self._issuing, self._ask
        assert outcome is not None  # noqa: S101 - it has been looked up
        if isinstance(outcome, PresentedRefreshToken):
            renewed = await _renew(issuing, ask, self._tenant_id, outcome)
            if isinstance(renewed, _Exchanged):
                self._got = renewed
                return
            outcome = renewed
        await note_refusal(issuing.store, ask, self._tenant_id, outcome, self._client.client_id)
        raise outcome

    def issued(self) -> Issued:
        """What was issued, signed, to be handed out once it is durable; notes the use of both secrets. 1 signature."""
        got, hashes, uses, now = self._got, self._hashes, self._issuing.uses, self._ask.now
        assert got is not None  # noqa: S101 - `look` has answered True, or `finish` has not raised
        row = got.row
        uses.note_token(self._tenant_id, hashes.token_hash, row.token_last_used_at, now)
        if hashes.secret_hash:
            uses.note_secret(hashes.connector_id, hashes.secret_hash, row.secret_last_used_at, now)
        return Issued(
            access_token=got.draft.sign(),
            tenant_id=self._tenant_id,
            connector_id=hashes.connector_id,
            permissions=tuple(row.permissions.split()),
            user_id=row.user_id,
            grant_id=row.grant_id,
            amr=tuple(row.amr.split()),
            refresh_token=got.new_token,
            refresh_expires_at=got.new_expires_at or row.token_expires_at,
            has_sign_in=row.authenticated_at is not None,
        )


class _Hashes(NamedTuple):
    """What is presented, as it is stored. `secret_hash` is empty for a public client."""

    connector_id: ConnectorId
    secret_hash: bytes
    token_hash: bytes


@hiding("new_token")
class _Exchanged(NamedTuple):
    """A valid refresh token, and what it was exchanged for."""

    row: PresentedRefreshToken
    draft: Draft
    new_token: str | None = None
    new_expires_at: Micros | None = None


def _judged(
    row: PresentedRefreshToken | None,
    connector_id: ConnectorId,
    presented_hash: bytes,
    *,
    is_of_tenant: bool,
    now: Micros,
) -> PresentedRefreshToken | BadCredentials:
    """The row, or the error that refuses it."""
    if row is None:
        return InvalidClient("unknown_connector")
    fault = fault_of_client(row.connector_kind, row.connector_deleted_at, presented_hash, row.secret_hash)
    if fault is not None:
        return fault
    reason = _fault_of_token(row, connector_id, now) or (None if is_of_tenant else "wrong_tenant")
    return row if reason is None else InvalidGrant(reason)


def _fault_of_token(  # noqa: PLR0911 - a table of the causes would be built on each request
    row: PresentedRefreshToken, connector_id: ConnectorId, now: Micros
) -> str | None:
    """The first cause of refusal, in the order most useful to an administrator."""
    if row.token_created_at is None:
        return "unknown"
    if row.tenant_ended_at is not None:
        return "tenant_ended"
    if row.grant_connector_id != connector_id:
        return "wrong_connector"
    if row.grant_revoked_at is not None:
        return "revoked"
    if row.user_ended_at is not None:
        return "user_ended"
    if row.group_deleted_at is not None:
        return "group_deleted"
    return "expired" if now >= row.token_expires_at or now >= row.grant_expires_at else None


def _caller_of(row: PresentedRefreshToken, tenant_id: TenantId, origin: Origin) -> Caller:
    return Caller(
        CallerKind.USER,
        origin,
        tenant_id=tenant_id,
        user_id=row.user_id,
        connector_id=row.grant_connector_id,
        grant_id=row.grant_id,
    )


def _is_ending(row: PresentedRefreshToken, now: Micros) -> bool:
    created_at = row.token_created_at or 0
    return (now - created_at) * 10 >= (row.token_expires_at - created_at) * 9


async def _renew(
    issuing: Issuing, ask: TokenAsk, tenant_id: TenantId, row: PresentedRefreshToken
) -> _Exchanged | InvalidGrant:
    """Step 4: give the grant a new token and prolong it as long. Refused if it was revoked since it was read."""
    grant_id, caller = row.grant_id, _caller_of(row, tenant_id, ask.origin)
    new_token, expires_at = (
        issuing.hasher.mint(SecretKind.REFRESH_TOKEN, tenant_id),
        ask.now + issuing.lifetimes.refresh,
    )
    new_hash = issuing.hasher.hash(new_token)
    async with issuing.store.write() as tx:
        if not await grants.prolong(tx, tenant_id, grant_id, expires_at):
            return InvalidGrant("revoked")
        await grants.insert_refresh_token(
            tx, tenant_id, new_hash, grant_id=grant_id, expires_at=expires_at, now=ask.now
        )
        await record(tx, tenant_id, caller, RefreshTokenIssued(grant_id=grant_id, expires_at=expires_at), ask.now)
        drafted = await draft(issuing, tx, ask, caller, scope=row.permissions, amr=row.amr.split())
    return _Exchanged(row, drafted, new_token, expires_at)
