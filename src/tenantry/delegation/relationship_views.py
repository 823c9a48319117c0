"""Relationships as people look at them: the customer at its partners, the partner at its customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.access.trail import accounts_of_partner, left_by_partner, list_done, names_in
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import RelationshipId, TenantId
from tenantry.core.normal_form import name_key
from tenantry.store.delegation import partner_customers, relationships
from tenantry.store.delegation.partner_customers import ListedCustomer, LiveRelationship
from tenantry.store.delegation.relationships import DelegatedRelationship, ListedRelationship
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position
from tenantry.store.tenants import tenants
from tenantry.store.tenants.tenants import Tenant
from tenantry.store.trail.audit_search import FoundEvent
from tenantry.store.users import users
from tenantry.store.users.users import User


class RelationshipPicture(NamedTuple):
    """A relationship of a customer. `done`: what the partner did lately; `made`: what it made that stays, except
    `accounts`, those that it made or whose password it knows. `names`: what the things are called that both are about.
    """

    relationship: DelegatedRelationship
    partner_name: str
    may_approve: bool
    done: list[FoundEvent]
    accounts: list[User]
    made: list[FoundEvent]
    names: Mapping[str, str]


class FoundCustomers(NamedTuple):
    """A page of customers. `live` are the relationships with them; `next` is where the next page begins, None on the
    last.
    """

    customers: list[ListedCustomer]
    live: list[LiveRelationship]
    may_request: bool
    next: Position | None


class CustomerPicture(NamedTuple):
    """A customer as its partner knows it. `name` is its ID as long as it has agreed to nothing."""

    customer: Tenant
    name: str
    relationships: list[DelegatedRelationship]
    may_request: bool


async def list_partners(
    read: Read, caller: Caller, tenant_id: TenantId, *, after: tuple[int, str], limit: int, now: Micros
) -> list[ListedRelationship]:
    """At most `limit` relationships of the customer after (`standing`, `id`). Raises what `access.require` does."""
    await require(read, caller, Action.READ_RELATIONSHIPS, tenant_id, now=now)
    return await relationships.list_by_standing(read, tenant_id, now, after=after, limit=limit)


async def get_relationship(
    read: Read, caller: Caller, action: Action, tenant_id: TenantId, relationship_id: RelationshipId, now: Micros
) -> tuple[DelegatedRelationship, str]:
    """A relationship of this customer, and the partner's name. Raises what `access.require` does when the caller may
    not do `action`; NotFound("relationship").
    """
    await require(read, caller, action, tenant_id, now=now)
    relationship = await relationships.find(read, tenant_id, relationship_id)
    if relationship is None:
        raise NotFound("relationship")
    partner = await tenants.find_undeleted(read, relationship.partner_tenant_id)
    return relationship, partner.name if partner else relationship.partner_tenant_id


async def look_at_relationship(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    relationship_id: RelationshipId,
    *,
    since: Micros,
    limit: int,
    now: Micros,
) -> RelationshipPicture:
    """The relationship, with what the partner did since then, at most `limit` of each kind. Raises as
    `get_relationship`.
    """
    action = Action.READ_RELATIONSHIPS
    relationship, name = await get_relationship(read, caller, action, tenant_id, relationship_id, now)
    partner_id = relationship.partner_tenant_id
    may_approve = await decide(read, caller, Action.APPROVE_RELATIONSHIP, tenant_id, now=now)
    known = await accounts_of_partner(read, tenant_id, partner_id)
    found = [await users.find(read, tenant_id, user_id) for user_id in known[:limit]]
    done = await list_done(read, caller, tenant_id, partner_id, since=since, limit=limit, now=now)
    made = await left_by_partner(read, tenant_id, partner_id, limit)
    return RelationshipPicture(
        relationship,
        name,
        may_approve.allowed,
        done,
        [user for user in found if user is not None],
        made,
        await names_in(read, tenant_id, [*done, *made]),
    )


async def search_customers(
    read: Read, caller: Caller, tenant_id: TenantId, *, text: str, after: Position | None, limit: int, now: Micros
) -> FoundCustomers:
    """Customers of this partner whose name begins with `text`. Raises what `access.require` does."""
    await require(read, caller, Action.LIST_CUSTOMERS, tenant_id, now=now)
    found = await partner_customers.list_by_name(
        read, tenant_id, now, prefix=name_key(text), after=after, limit=limit + 1
    )
    last = found[limit - 1] if len(found) > limit else None
    shown = found[:limit]
    may_request = await decide(read, caller, Action.REQUEST_RELATIONSHIP, tenant_id, now=now)
    return FoundCustomers(
        shown,
        await partner_customers.list_live(read, tenant_id, [customer.id for customer in shown], now),
        may_request.allowed,
        None if last is None else (last.name_key, last.id),
    )


async def look_at_customer(
    read: Read, caller: Caller, tenant_id: TenantId, customer_id: TenantId, now: Micros
) -> CustomerPicture:
    """A customer of this partner. Raises what `access.require` does; NotFound("customer" or "tenant")."""
    await require(read, caller, Action.LIST_CUSTOMERS, tenant_id, now=now)
    name = await partner_customers.find_name(read, tenant_id, customer_id)
    if name is None:
        raise NotFound("customer")
    customer = await tenants.find_live(read, customer_id)
    if customer is None:
        raise NotFound("tenant")
    may_request = await decide(read, caller, Action.REQUEST_RELATIONSHIP, tenant_id, now=now)
    of_pair = await relationships.list_of_pair(read, customer_id, tenant_id)
    return CustomerPicture(customer, name, of_pair, may_request.allowed)


async def get_held_relationship(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    customer_id: TenantId,
    relationship_id: RelationshipId,
    now: Micros,
) -> DelegatedRelationship:
    """A relationship of this partner with the customer, for a caller who may end it. Raises what `access.require` does;
    NotFound("relationship").
    """
    await require(read, caller, Action.END_RELATIONSHIP, tenant_id, now=now)
    relationship = await relationships.find(read, customer_id, relationship_id)
    if relationship is None or relationship.partner_tenant_id != tenant_id:
        raise NotFound("relationship")
    return relationship
