"""What a connector, token, relationship, user or device can reach, and what would stop working without it.

Each function first checks that the caller may see the facts it returns. Ids are random, so a NotFound tells a stranger
nothing. Nothing is ended here; `may_end` says whether the caller may end the thing. Queries: at most 9, whatever the
size; counting stops at COUNTED.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenantry.access.actions import Action, RoleId
from tenantry.access.decide import decide, require
from tenantry.access.overview import COUNTED_EVENTS, first_event_id
from tenantry.core.caller import Caller, Reach
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import ConnectorId, GrantId, GroupId, ManagedAccountId, RelationshipId, TenantId, UserId
from tenantry.store.connectors import connectors
from tenantry.store.connectors.connectors import Connector
from tenantry.store.delegation import relationships
from tenantry.store.delegation.relationships import DelegatedRelationship
from tenantry.store.engine.interface import Read
from tenantry.store.overview import blast_radius, reach, reports
from tenantry.store.overview.blast_radius import AccountOfDevice, ConnectorCounts, LeftConnector, Named, UserCounts
from tenantry.store.overview.reach import Totals
from tenantry.store.tenants import tenants
from tenantry.store.tokens import grant_lists
from tenantry.store.tokens.grant_lists import GrantRow, ReachedGroup
from tenantry.store.users import roles, users
from tenantry.store.users.users import User

SHOWN = 20
COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class ConnectorRadius:
    """`tokens` holds the first few; `issued` counts the access tokens of the last 24 hours."""

    connector: Connector
    counts: ConnectorCounts
    tokens: list[GrantRow]
    totals: Totals
    issued: int
    may_end: bool


@dataclass(frozen=True, slots=True)
class TokenRadius:
    """`groups` are the first of those it opens, `group_count` how many there are."""

    token: GrantRow
    groups: list[ReachedGroup]
    group_count: int
    issued: int
    may_end: bool


@dataclass(frozen=True, slots=True)
class RelationshipRadius:
    """`others`: live relationships with the same partner; `done`: how many events it caused in the last 24 hours."""

    relationship: DelegatedRelationship
    partner_name: str
    others: list[DelegatedRelationship]
    totals: Totals
    done: int
    may_end: bool


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What a user set up that goes on when the user may do nothing any more: the first few connectors, and webhooks."""

    connectors: list[LeftConnector]
    webhooks: int


@dataclass(frozen=True, slots=True)
class UserRadius:
    """`connectors` hold a token that the user gave; `led_alone` are groups that would have no admin left."""

    user: User
    role_ids: list[str]
    counts: UserCounts
    connectors: list[Named]
    led_alone: list[Named]
    left: LeftBehind
    is_last_administrator: bool
    may_end: bool


@dataclass(frozen=True, slots=True)
class DeviceRadius:
    """One device of an account that has `device.device_count` of them."""

    device: AccountOfDevice
    may_end: bool


async def connector_radius(
    read: Read, caller: Caller, tenant_id: TenantId, connector_id: ConnectorId, now: Micros
) -> ConnectorRadius:
    """What the connector reaches. Raises NotFound("connector"), and what `access.require` does."""
    connector = await connectors.find(read, tenant_id, connector_id)
    if connector is None:
        raise NotFound("connector")
    owner_id = UserId(connector.created_by) if connector.created_by else None
    await require(read, caller, Action.SEE_BLAST_RADIUS, tenant_id, owner_id=owner_id, now=now)
    may_end = await decide(read, caller, Action.CHANGE_CONNECTOR, tenant_id, owner_id=owner_id, now=now)
    return ConnectorRadius(
        connector,
        await blast_radius.count_of_connector(read, tenant_id, connector_id, now, COUNTED),
        await grant_lists.list_live_of_connector(read, tenant_id, connector_id, now, limit=SHOWN),
        await reach.count_things(read, tenant_id, now, COUNTED),
        await blast_radius.count_issued(read, tenant_id, _a_day_ago(now), COUNTED_EVENTS, connector_id=connector_id),
        may_end.allowed,
    )


async def token_radius(read: Read, caller: Caller, tenant_id: TenantId, grant_id: GrantId, now: Micros) -> TokenRadius:
    """What the grant's tokens open. The grant's user, the connector's owner, and administrators may look. Raises
    NotFound("token").
    """
    token = await grant_lists.find_live(read, tenant_id, grant_id, now)
    if token is None:
        raise NotFound("token")
    owner_id = caller.user_id if caller.user_id in (token.user_id, token.connector_owner) else None
    await require(read, caller, Action.SEE_BLAST_RADIUS, tenant_id, owner_id=owner_id, now=now)
    if token.reach == Reach.GROUP and token.group_id is not None:
        action, group_id = Action.GRANT_CONNECTOR_GROUP, GroupId(token.group_id)
        groups = await grant_lists.list_reached_by_group(read, tenant_id, group_id, limit=SHOWN)
    else:
        action, group_id = Action.REVOKE_GRANT, None
        if token.reach == Reach.TENANT:
            groups = await grant_lists.list_reached_by_tenant(read, tenant_id, limit=SHOWN)
        else:
            groups = await grant_lists.list_reached_by_user(read, tenant_id, token.user_id, limit=SHOWN)
    may_end = await decide(read, caller, action, tenant_id, group_id=group_id, owner_id=owner_id, now=now)
    issued = await blast_radius.count_issued(read, tenant_id, _a_day_ago(now), COUNTED_EVENTS, grant_id=grant_id)
    return TokenRadius(token, groups, groups[0].of_all if groups else 0, issued, may_end.allowed)


async def relationship_radius(
    read: Read, caller: Caller, tenant_id: TenantId, relationship_id: RelationshipId, now: Micros
) -> RelationshipRadius:
    """A relationship that is neither ended nor expired, as its customer sees it. Raises NotFound("relationship")."""
    found = await relationships.find(read, tenant_id, relationship_id)
    if found is None or not _is_open(found, now):
        raise NotFound("relationship")
    await require(read, caller, Action.SEE_BLAST_RADIUS, tenant_id, now=now)
    partner = await tenants.find_undeleted(read, found.partner_tenant_id)
    known = await relationships.list_of_pair(read, tenant_id, found.partner_tenant_id)
    may_end = await decide(read, caller, Action.END_RELATIONSHIP, tenant_id, now=now)
    return RelationshipRadius(
        found,
        partner.name if partner is not None else found.partner_tenant_id,
        [
            other
            for other in known
            if other.id != found.id and other.status != "approvalPending" and _is_open(other, now)
        ],
        await reach.count_things(read, tenant_id, now, COUNTED),
        await blast_radius.count_done_by_partner(
            read, tenant_id, found.partner_tenant_id, _a_day_ago(now), COUNTED_EVENTS
        ),
        may_end.allowed,
    )


async def user_radius(read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> UserRadius:
    """A user, deleted or not; users may look at themselves. Raises NotFound("user")."""
    user = await users.find(read, tenant_id, user_id)
    if user is None:
        raise NotFound("user")
    await require(read, caller, Action.SEE_BLAST_RADIUS, tenant_id, owner_id=user_id, now=now)
    may_end = await decide(read, caller, Action.DELETE_USER, tenant_id, now=now)
    role_ids = [role.role_id for role in await roles.list_live(read, tenant_id, user_id, now)]
    admin = RoleId.GLOBAL_ADMINISTRATOR
    is_last = admin in role_ids and await reports.count_holders(read, tenant_id, admin, now, 2) == 1
    return UserRadius(
        user,
        role_ids,
        await blast_radius.count_of_user(read, tenant_id, user_id, now, COUNTED),
        await blast_radius.list_connectors_of_user(read, tenant_id, user_id, now, limit=SHOWN, most=COUNTED),
        await blast_radius.list_led_alone(read, tenant_id, user_id, limit=SHOWN, most=COUNTED),
        await _left_behind(read, tenant_id, user_id, now),
        is_last,
        may_end.allowed,
    )


async def find_left_behind(read: Read, caller: Caller, tenant_id: TenantId, user_id: UserId, now: Micros) -> LeftBehind:
    """What of a user goes on, for who is about to take a role or all from that user. Nothing is told to callers who may
    neither look at it nor give roles.
    """
    for action in (Action.SEE_BLAST_RADIUS, Action.ASSIGN_ROLE):
        if (await decide(read, caller, action, tenant_id, now=now)).allowed:
            return await _left_behind(read, tenant_id, user_id, now)
    return LeftBehind([], 0)


async def _left_behind(read: Read, tenant_id: TenantId, user_id: UserId, now: Micros) -> LeftBehind:
    return LeftBehind(
        await blast_radius.list_left_connectors(read, tenant_id, user_id, now, limit=SHOWN, most=COUNTED),
        await blast_radius.count_left_webhooks(read, tenant_id, f"user:{user_id}", now, COUNTED),
    )


async def device_radius(
    read: Read, caller: Caller, tenant_id: TenantId, account_id: ManagedAccountId, android_id: str, now: Micros
) -> DeviceRadius:
    """What the device has. The user of the device may look too. Raises NotFound("device")."""
    device = await blast_radius.find_device(read, tenant_id, account_id, android_id)
    if device is None:
        raise NotFound("device")
    owner_id = UserId(device.user_id) if device.user_id else None
    await require(read, caller, Action.SEE_BLAST_RADIUS, tenant_id, owner_id=owner_id, now=now)
    may_end = await decide(read, caller, Action.REVOKE_DEVICE_ACCESS, tenant_id, now=now)
    return DeviceRadius(device, may_end.allowed and device.management_type == "emm_managed")


def _is_open(relationship: DelegatedRelationship, now: Micros) -> bool:
    over = relationship.expires_at is not None and relationship.expires_at <= now
    return relationship.ended_at is None and not over


def _a_day_ago(now: Micros) -> str:
    return first_event_id(now - DAY)
