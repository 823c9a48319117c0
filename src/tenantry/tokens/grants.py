"""Grants: a user's consent to a connector, handed over as a refresh token.

A grant dies with its revocation, its connector, its user, its tenant and, if it is for one group, with that group.
Deleting one of these does not search for its grants: each use of a grant checks all of them in one statement
(store/tokens/presented.py). A deactivated connector gets no new grants, the existing ones go on.

Sources: Kaizala contract §1 (active and inactive connectors) and §6 #7 (what a new token revokes).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from tenantry.access.actions import Permission
from tenantry.audit.events import GrantCreated, GrantRevoked
from tenantry.audit.record import record, record_all
from tenantry.core.caller import Caller, Reach
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, InvalidScope, NotFound
from tenantry.core.ids import ConnectorId, GrantId, GroupId, TenantId, UserId, new_guid
from tenantry.store.connectors import connectors
from tenantry.store.engine.interface import Tx
from tenantry.store.tokens import grants
from tenantry.store.tokens.grants import RevokedGrant
from tenantry.tokens.id_tokens import SignIn
from tenantry.tokens.secrets import SecretHasher, SecretKind

REPLACED = "replaced"
MOST_OF_CONNECTOR = 100
"""The most live grants of one user to one connector, where a new grant does not replace the earlier ones."""
MOST_OF_USER = 1_000
MOST_OF_GROUP = 1_000
"""The most live grants of one user, or for one group, whose end revokes them all in one transaction."""
_AT_ONCE = 100
"""The reason recorded for an earlier grant that a new one revokes."""


class Replaces(Enum):
    """Which of the user's own earlier grants to the same connector a new one ends (Kaizala contract §6 #7).

    EVERY: "Generate user token". SAME_PROOF: those the user gave with the same method of authentication, so that a PIN
    by phone ends the grant of the last PIN, and none given with a password. NONE: users may sign in to a connector more
    than once.
    """

    EVERY = auto()
    SAME_PROOF = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A new grant. The refresh token is shown once and kept nowhere."""

    grant_id: GrantId
    refresh_token: str = field(repr=False)
    expires_at: Micros


class GrantTerms(NamedTuple):
    """Which user lets which connector do what. `amr`: by which proof. `group_id` goes with Reach.GROUP and only with
    it.
    """

    connector_id: ConnectorId
    user_id: UserId
    reach: Reach
    permissions: Collection[Permission]
    amr: Iterable[str]
    group_id: GroupId | None = None
    sign_in: SignIn | None = None
    """What ID tokens of this grant tell."""


async def create_grant(
    tx: Tx,
    caller: Caller,
    hasher: SecretHasher,
    *,
    tenant_id: TenantId,
    terms: GrantTerms,
    lifetime: Micros,
    now: Micros,
    grant_id: GrantId | None = None,
    replaces: Replaces = Replaces.EVERY,
) -> NewGrant:
    """Grant the connector, and revoke what it replaces: the user's earlier grants, or the group's. Audited.

    The caller has checked that the user may grant this reach.
    Raises NotFound("connector" | "user" | "group"), FailedPrecondition for a deactivated connector, InvalidScope for a
    permission the connector does not have. Of two calls at the same time, one waits for the other, so that exactly one
    grant stays.
    """
    connector_id, user_id, reach, permissions, amr, group_id, sign_in = terms
    if (reach is Reach.GROUP) != (group_id is not None):
        raise ValueError("A group goes with a group's grant, and with no other.")
    await _require_grantable(tx, tenant_id, connector_id, permissions)
    if not await grants.hold_user(tx, tenant_id, user_id):
        raise NotFound("user")
    proof = " ".join(sorted(amr))
    if group_id is None:
        replaced = await _replace(tx, tenant_id, connector_id, user_id, replaces, proof, now)
    else:
        if not await grants.hold_group(tx, tenant_id, group_id):
            raise NotFound("group")
        replaced = await grants.revoke_of_group(tx, tenant_id, connector_id, group_id, now)
    replaced += await _make_room(tx, tenant_id, connector_id, user_id, group_id, now)
    await _record_revoked(tx, caller, tenant_id, replaced, REPLACED, now)
    created = grant_id or GrantId(new_guid())
    words, expires_at = sorted(permissions), now + lifetime
    await grants.insert(
        tx,
        tenant_id,
        created,
        connector_id=connector_id,
        user_id=user_id,
        reach=reach,
        group_id=group_id,
        permissions=" ".join(words),
        amr=proof,
        expires_at=expires_at,
        now=now,
        authenticated_at=sign_in.authenticated_at if sign_in else None,
        sign_in_scope=sign_in.scope if sign_in else None,
    )
    refresh_token = hasher.mint(SecretKind.REFRESH_TOKEN, tenant_id)
    await grants.insert_refresh_token(
        tx, tenant_id, hasher.hash(refresh_token), grant_id=created, expires_at=expires_at, now=now
    )
    granted = GrantCreated(
        grant_id=created,
        connector_id=connector_id,
        user_id=user_id,
        reach=reach,
        group_id=group_id,
        permissions=[*words],
        expires_at=expires_at,
    )
    await record(tx, tenant_id, caller, granted, now)
    return NewGrant(created, refresh_token, expires_at)


async def _replace(
    tx: Tx,
    tenant_id: TenantId,
    connector_id: ConnectorId,
    user_id: UserId,
    replaces: Replaces,
    proof: str,
    now: Micros,
) -> list[RevokedGrant]:
    if replaces is Replaces.NONE:
        return []
    amr = proof if replaces is Replaces.SAME_PROOF else None
    return await grants.revoke_of_user(tx, tenant_id, connector_id, user_id, amr, now)


async def _make_room(
    tx: Tx, tenant_id: TenantId, connector_id: ConnectorId, user_id: UserId, group_id: GroupId | None, now: Micros
) -> list[RevokedGrant]:
    """Revoke the oldest grants, so that one more fits below the limits."""
    revoked = await _end_beyond(tx, tenant_id, user_id, None, MOST_OF_USER - 1, now)
    if group_id is None:
        return revoked + await _end_beyond(tx, tenant_id, user_id, connector_id, MOST_OF_CONNECTOR - 1, now)
    keep = MOST_OF_GROUP - 1
    count = await grants.count_live_of_group(tx, tenant_id, group_id, most=keep + _AT_ONCE, now=now)
    if count > keep:
        revoked += await grants.revoke_oldest_of_group(tx, tenant_id, group_id, most=count - keep, now=now)
    return revoked


async def _end_beyond(
    tx: Tx, tenant_id: TenantId, user_id: UserId, connector_id: ConnectorId | None, keep: int, now: Micros
) -> list[RevokedGrant]:
    count = await grants.count_live_of_user(tx, tenant_id, user_id, connector_id, most=keep + _AT_ONCE, now=now)
    if count <= keep:
        return []
    return await grants.revoke_oldest_of_user(tx, tenant_id, user_id, connector_id, most=count - keep, now=now)


async def revoke_grant(
    tx: Tx, caller: Caller, tenant_id: TenantId, grant_id: GrantId, reason: str, now: Micros
) -> None:
    """End the grant and its tokens at once. Repeating it changes nothing. Raises NotFound("grant")."""
    revoked = await grants.revoke(tx, tenant_id, grant_id, now)
    if revoked is not None:
        event = GrantRevoked(grant_id=grant_id, connector_id=revoked.connector_id, reason=reason)
        await record(tx, tenant_id, caller, event, now)
    elif not await grants.exists(tx, tenant_id, grant_id):
        raise NotFound("grant")


async def revoke_grants_of_user(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, reason: str, now: Micros
) -> None:
    """End everything the user granted, for single groups too. Audited, one event each."""
    revoked = await grants.revoke_all_of_user(tx, tenant_id, user_id, now)
    await _record_revoked(tx, caller, tenant_id, revoked, reason, now)


async def revoke_grants_of_proof(
    tx: Tx, caller: Caller, tenant_id: TenantId, user_id: UserId, amr: Iterable[str], reason: str, now: Micros
) -> None:
    """End what the user granted to anybody when authenticated by exactly `amr`. Audited, one event each."""
    revoked = await grants.revoke_all_of_proof(tx, tenant_id, user_id, " ".join(sorted(amr)), now)
    await _record_revoked(tx, caller, tenant_id, revoked, reason, now)


async def revoke_grants_of_group(
    tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, reason: str, now: Micros
) -> None:
    """End everything anybody granted for this one group. Audited, one event each."""
    revoked = await grants.revoke_all_of_group(tx, tenant_id, group_id, now)
    await _record_revoked(tx, caller, tenant_id, revoked, reason, now)


async def _record_revoked(
    tx: Tx, caller: Caller, tenant_id: TenantId, revoked: list[RevokedGrant], reason: str, now: Micros
) -> None:
    ended = [GrantRevoked(grant_id=grant.id, connector_id=grant.connector_id, reason=reason) for grant in revoked]
    await record_all(tx, tenant_id, caller, ended, now)


async def _require_grantable(
    tx: Tx, tenant_id: TenantId, connector_id: ConnectorId, permissions: Collection[Permission]
) -> None:
    connector = await connectors.find(tx, tenant_id, connector_id)
    if connector is None:
        raise NotFound("connector")
    if connector.deactivated_at is not None:
        raise FailedPrecondition("The connector is deactivated. Activate it, then grant it access.")
    excess = set(permissions).difference(connector.permissions.split())
    if excess:
        raise InvalidScope(f"The connector does not have the permission {', '.join(sorted(excess))}.")
