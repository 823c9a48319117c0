"""A partner's user acts in a customer, from the portal's session, as long as a relationship is live."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.access.own import require_own
from tenantry.access.standing import find_standing
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.tenants import find_tenant
from tenantry.store.delegation import partner_customers
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import sessions
from tenantry.store.tenants import tenants
from tenantry.store.tenants.tenants import Tenant


async def look_at_entering(read: Read, caller: Caller, customer_id: TenantId, now: Micros) -> Tenant:
    """The customer, for a caller who may act in it. Raises as `enter_customer`; NotFound("tenant")."""
    if customer_id == caller.tenant_id:
        raise NotFound("customer")
    await require(read, caller, Action.ACT_IN_CUSTOMER, customer_id, now=now)
    return await find_tenant(read, customer_id)


async def enter_customer(
    tx: Tx,
    caller: Caller,
    *,
    tenant_id: TenantId,
    user_id: UserId,
    session_id: str,
    customer_id: TenantId,
    now: Micros,
) -> None:
    """Let the session's pages show the customer. Raises what `access.require` does; NotFound for one's own tenant."""
    if customer_id == tenant_id:
        raise NotFound("customer")
    await require(tx, caller, Action.ACT_IN_CUSTOMER, customer_id, now=now)
    if not await sessions.set_acting_tenant(tx, tenant_id, user_id, session_id, customer_id):
        raise NotFound("session")
    await record(tx, customer_id, caller, events.CustomerEntered(partner_tenant_id=tenant_id), now)


class Acting(NamedTuple):
    """A user's roles in the customer that its session shows. Without `roles`, it may not go on acting there."""

    name: str
    roles: tuple[str, ...] = ()
    until: Micros | None = None


async def find_acting(
    read: Read, caller: Caller, customer_id: TenantId, own_roles: Collection[str], now: Micros
) -> Acting:
    """The roles that live relationships give the caller, who holds `own_roles` at home, in the customer."""
    if caller.tenant_id is None:
        return Acting(customer_id)
    customer = await tenants.find_live(read, customer_id)
    if customer is None:
        return Acting(await find_customer_name(read, caller, customer_id, now))
    standing = await find_standing(read, customer_id, caller.tenant_id, own_roles, now)
    return Acting(customer.name, standing.role_ids, standing.until) if standing else Acting(customer.name)


async def find_customer_name(read: Read, caller: Caller, customer_id: TenantId, now: Micros) -> str:
    """The name of a customer in the list of the caller's tenant; its ID when it is not in the list. Raises what
    `access.require` does.
    """
    if caller.tenant_id is None:
        return customer_id
    await require(read, caller, Action.LIST_CUSTOMERS, caller.tenant_id, now=now)
    return await partner_customers.find_name(read, caller.tenant_id, customer_id) or customer_id


async def leave_customer(tx: Tx, caller: Caller, session_id: str, now: Micros) -> None:
    """Let the session's pages show the caller's own tenant again. Raises what `require_own` does."""
    tenant_id, user_id = await require_own(tx, caller, Action.SEE_HOME, now)
    await sessions.set_acting_tenant(tx, tenant_id, user_id, session_id, None)
