"""What a customer tenant lets a partner tenant do: reseller relationships and delegated relationships.

A delegated relationship is requested by the partner with its roles and its end (`approvalPending`), approved by the
customer (`active`), and is over when its end has come (`expired`) or one of the two ends it (`terminated`).
Source: Partner Center contract §3.5.
"""

from __future__ import annotations

from collections.abc import Collection

from tenantry.access.actions import Action, RoleId
from tenantry.access.decide import require
from tenantry.access.trail import accounts_of_partner
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import DAY, Micros
from tenantry.core.errors import AlreadyExists, FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import RelationshipId, TenantId, new_guid
from tenantry.core.names import read_name
from tenantry.directory.roles import end_roles_given_by
from tenantry.store.delegation import partner_customers, relationships
from tenantry.store.engine.interface import Tx
from tenantry.store.tenants import tenants

_MOST_TOLD = 100
"""The most accounts that the event of a relationship's end names."""
LONGEST = 730 * DAY
"""The longest that a delegated relationship may last, from its request on: `P2Y` in Partner Center contract §3.5."""


async def create_reseller_relationship(
    tx: Tx, caller: Caller, *, customer_tenant_id: TenantId, partner_tenant_id: TenantId, now: Micros
) -> None:
    """Let the partner manage the customer. A second call changes nothing. Raises NotFound("customer" or "partner")."""
    customer = await _require_pair(tx, customer_tenant_id, partner_tenant_id)
    if await relationships.open_reseller(tx, customer_tenant_id, partner_tenant_id, now):
        await partner_customers.remember(
            tx, partner_tenant_id, customer_tenant_id, name=customer.name, is_reseller=True, now=now
        )
        event = events.ResellerRelationshipCreated(partner_tenant_id=partner_tenant_id)
        await record(tx, customer_tenant_id, caller, event, now)


async def end_reseller_relationship(
    tx: Tx, caller: Caller, *, customer_tenant_id: TenantId, partner_tenant_id: TenantId, now: Micros
) -> None:
    """End the reseller relationship of the two. Raises NotFound("relationship")."""
    if not await relationships.end_reseller(tx, customer_tenant_id, partner_tenant_id, now):
        raise NotFound("relationship")
    customer = await tenants.find_undeleted(tx, customer_tenant_id)
    if customer is not None:
        await partner_customers.remember(
            tx, partner_tenant_id, customer_tenant_id, name=customer.name, is_reseller=False, now=now
        )
    event = events.ResellerRelationshipEnded(partner_tenant_id=partner_tenant_id)
    await record(tx, customer_tenant_id, caller, event, now)


async def request_relationship(
    tx: Tx,
    caller: Caller,
    *,
    customer_tenant_id: TenantId,
    partner_tenant_id: TenantId,
    display_name: str,
    role_ids: Collection[RoleId],
    expires_at: Micros,
    now: Micros,
) -> RelationshipId:
    """Ask the customer for roles until `expires_at`, in the partner's name. The partner learns the customer's name only
    when the customer agrees. At most one request of the same two tenants waits at a time.

    Raises what `access.require` does; NotFound("customer" or "partner"), InvalidValue; AlreadyExists (field
    `customer_tenant_id`).
    """
    await require(tx, caller, Action.REQUEST_RELATIONSHIP, partner_tenant_id, now=now)
    display_name = read_name(display_name, field="display_name", longest=50, what="The name of the relationship")
    if not role_ids:
        raise InvalidValue("A relationship needs at least one role.", field="role_ids")
    if not now < expires_at <= now + LONGEST:
        raise InvalidValue("The end must be in the future and at most two years away.", field="expires_at")
    await _require_pair(tx, customer_tenant_id, partner_tenant_id)
    relationship_id = RelationshipId(new_guid())
    roles = sorted(set(role_ids))
    await partner_customers.remember(tx, partner_tenant_id, customer_tenant_id, name=None, is_reseller=None, now=now)
    requested = await relationships.insert(
        tx,
        customer_tenant_id,
        relationship_id,
        partner_tenant_id=partner_tenant_id,
        display_name=display_name,
        role_ids=" ".join(roles),
        expires_at=expires_at,
        now=now,
    )
    if requested is None:
        raise AlreadyExists(
            "A request to this customer waits for its answer. Withdraw it to make another.", field="customer_tenant_id"
        )
    await partner_customers.copy_relationship(tx, requested)
    event = events.RelationshipRequested(
        relationship_id=relationship_id, partner_tenant_id=partner_tenant_id, role_ids=[*roles]
    )
    await record(tx, customer_tenant_id, caller, event, now)
    return relationship_id


async def approve_relationship(
    tx: Tx, caller: Caller, *, customer_tenant_id: TenantId, relationship_id: RelationshipId, now: Micros
) -> None:
    """Turn approvalPending into active. Only the customer itself may: no partner, whatever its roles, approves for it.

    Raises what `access.require` does; NotFound("relationship"), FailedPrecondition in any other state.
    """
    await require(tx, caller, Action.APPROVE_RELATIONSHIP, customer_tenant_id, now=now)
    approved = await relationships.activate(tx, customer_tenant_id, relationship_id, now)
    if approved is None:
        raise await _not_changed(tx, customer_tenant_id, relationship_id, now)
    customer = await tenants.find_undeleted(tx, customer_tenant_id)
    await partner_customers.remember(
        tx,
        approved.partner_tenant_id,
        customer_tenant_id,
        name=customer.name if customer else None,
        is_reseller=None,
        now=now,
    )
    await partner_customers.copy_relationship(tx, approved)
    event = events.RelationshipApproved(
        relationship_id=relationship_id,
        partner_tenant_id=approved.partner_tenant_id,
        expires_at=approved.expires_at or 0,
    )
    await record(tx, customer_tenant_id, caller, event, now)


async def end_relationship(
    tx: Tx, caller: Caller, *, customer_tenant_id: TenantId, relationship_id: RelationshipId, now: Micros
) -> None:
    """Turn any state before the end into terminated, from either side: that also declines or withdraws a request.

    Raises what `access.require` does; NotFound("relationship"), FailedPrecondition when it was ended before.
    """
    relationship = await relationships.find(tx, customer_tenant_id, relationship_id)
    by_partner = relationship is not None and relationship.partner_tenant_id == caller.tenant_id
    side = relationship.partner_tenant_id if relationship is not None and by_partner else customer_tenant_id
    await require(tx, caller, Action.END_RELATIONSHIP, side, now=now)
    ended = await relationships.terminate(tx, customer_tenant_id, relationship_id, now)
    if ended is None:
        raise await _not_changed(tx, customer_tenant_id, relationship_id, now)
    await partner_customers.copy_relationship(tx, ended)
    partner_id, role_ids = ended.partner_tenant_id, ended.role_ids.split()
    await end_roles_given_by(tx, caller, customer_tenant_id, partner_id, role_ids, now)
    left = await accounts_of_partner(tx, customer_tenant_id, partner_id)
    event = events.RelationshipEnded(
        relationship_id=relationship_id,
        partner_tenant_id=ended.partner_tenant_id,
        status=ended.status,
        user_ids=[*left[:_MOST_TOLD]],
    )
    await record(tx, customer_tenant_id, caller, event, now)


async def note_expired(
    tx: Tx, caller: Caller, customer_tenant_id: TenantId, relationship_id: RelationshipId, now: Micros
) -> bool:
    """Turn active into expired, once its end has come. It allows nothing from then on in any case; with this the
    customer's trail says so, and what stays. Answers False in any other state. Of several callers at most one wins.
    """
    expired = await relationships.expire(tx, customer_tenant_id, relationship_id, now)
    if expired is None:
        return False
    await partner_customers.copy_relationship(tx, expired)
    left = await accounts_of_partner(tx, customer_tenant_id, expired.partner_tenant_id)
    event = events.RelationshipExpired(
        relationship_id=relationship_id,
        partner_tenant_id=expired.partner_tenant_id,
        user_ids=[*left[:_MOST_TOLD]],
    )
    await record(tx, customer_tenant_id, caller, event, now)
    return True


def status_at(relationship: relationships.DelegatedRelationship, now: Micros) -> str:
    """The status a reader should see: an active relationship whose end has come is `expired`."""
    over = relationship.expires_at is not None and relationship.expires_at <= now
    return "expired" if over and relationship.ended_at is None else relationship.status


async def _require_pair(tx: Tx, customer_tenant_id: TenantId, partner_tenant_id: TenantId) -> tenants.Tenant:
    """Raise InvalidValue or NotFound unless the two can have a relationship. Answers the customer."""
    if customer_tenant_id == partner_tenant_id:
        raise InvalidValue("A tenant cannot be its own partner.", field="partner_tenant_id")
    customer = await tenants.find_live(tx, customer_tenant_id)
    if customer is None:
        raise NotFound("customer")
    if await tenants.find_live(tx, partner_tenant_id) is None:
        raise NotFound("partner")
    return customer


async def _not_changed(
    tx: Tx, tenant_id: TenantId, relationship_id: RelationshipId, now: Micros
) -> NotFound | FailedPrecondition:
    """The reason why a conditional UPDATE found no row."""
    relationship = await relationships.find(tx, tenant_id, relationship_id)
    if relationship is None:
        return NotFound("relationship")
    return FailedPrecondition(f"The relationship is {status_at(relationship, now)}.")
