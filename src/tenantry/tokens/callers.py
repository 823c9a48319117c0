"""Find who stands behind an access token, and whether everything it depends on is still valid.

The signature says what was true when the token was minted; one look at the grant, or at the connector when no user
stands behind it, says what is true now. So tokens stop at once when the grant is revoked, when the connector, user,
group or tenant is deleted, or when the connector loses the permission. A grant's permissions never change, so they are
read from the token's scope.

Source: docs/decisions/tokens.md; RFC 9068 §4.
"""

from __future__ import annotations

from tenantry.access.actions import RoleId
from tenantry.core.caller import Audience, Caller, CallerKind, Origin, Reach
from tenantry.core.clock import Micros
from tenantry.core.errors import InvalidToken
from tenantry.core.ids import ConnectorId, GrantId, TenantId
from tenantry.store.engine.interface import Read
from tenantry.store.tokens import presented
from tenantry.tokens.claims import Claims
from tenantry.tokens.keys.signing_keys import KeyRing
from tenantry.tokens.verify import UNKNOWN_KEY, verify_access_token


async def authenticate(
    read: Read,
    ring: KeyRing,
    raw_token: str,
    *,
    issuer: str,
    audience: Audience,
    origin: Origin,
    now: Micros,
    leeway: Micros,
) -> Caller:
    """The caller whose token this is. Raises InvalidToken; its public text is the same for every cause.

    Hot path: 1 query, 1 signature check. An unknown key costs one more query, at most once in five seconds: another
    process may just have made it.
    """
    try:
        claims = verify_access_token(ring, raw_token, issuer=issuer, audience=audience, now=now, leeway=leeway)
    except InvalidToken as refused:
        if refused.reason != UNKNOWN_KEY or not await ring.refresh_for_unknown(read):
            raise
        claims = verify_access_token(ring, raw_token, issuer=issuer, audience=audience, now=now, leeway=leeway)
    if claims.gid is None:
        return await _connector_behind(read, claims, origin, audience)
    return await _user_behind(read, claims, claims.gid, origin, audience, now)


async def _user_behind(read: Read, claims: Claims, gid: str, origin: Origin, audience: Audience, now: Micros) -> Caller:
    tenant_id = TenantId(claims.tid)
    grant = await presented.find_grant_in_use(read, tenant_id, gid, reach_role_id=RoleId.GLOBAL_ADMINISTRATOR, now=now)
    if grant is None or grant.revoked_at is not None:
        raise InvalidToken("revoked")
    if grant.tenant_ended_at is not None:
        raise InvalidToken("tenant_ended")
    if grant.connector_deleted_at is not None:
        raise InvalidToken("connector_deleted")
    if grant.user_ended_at is not None:
        raise InvalidToken("user_ended")
    if grant.group_deleted_at is not None:
        raise InvalidToken("group_deleted")
    reach = Reach(grant.reach)
    if reach is Reach.TENANT and grant.reach_role_id is None:
        reach = Reach.USER
    return Caller(
        CallerKind.USER,
        origin,
        audience,
        tenant_id=tenant_id,
        user_id=grant.user_id,
        connector_id=grant.connector_id,
        grant_id=GrantId(gid),
        permissions=frozenset(claims.scope.split()).intersection(grant.connector_permissions.split()),
        reach=reach,
        group_id=grant.group_id,
        amr=frozenset(claims.amr),
    )


async def _connector_behind(read: Read, claims: Claims, origin: Origin, audience: Audience) -> Caller:
    """The connector itself. A deactivated one gets no new tokens, but those it has stay valid until they expire."""
    connector = await presented.find_connector_in_use(read, claims.client_id)
    if connector is None or connector.deleted_at is not None or connector.tenant_id != claims.tid:
        raise InvalidToken("connector_deleted")
    if connector.tenant_ended_at is not None:
        raise InvalidToken("tenant_ended")
    kind = CallerKind.SERVICE_ACCOUNT if connector.kind == "service_account" else CallerKind.CONNECTOR
    return Caller(
        kind,
        origin,
        audience,
        tenant_id=connector.tenant_id,
        connector_id=ConnectorId(connector.id),
        permissions=frozenset(claims.scope.split()).intersection(connector.permissions.split()),
    )
