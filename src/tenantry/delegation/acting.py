"""A partner's user acts in a customer: from the portal's session, as long as a relationship is live."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.access.standing import find_standing
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.store.delegation import partner_customers
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.sign_in import sessions
from tenantry.store.tenants import tenants


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
    """What a user may be in the customer that its session shows. Without `roles` it may not go on."""

    name: str
    roles: tuple[str, ...] = ()
    until: Micros | None = None


async def find_acting(
    read: Read, caller: Caller, customer_id: TenantId, own_roles: Collection[str], now: Micros
) -> Acting:
    """As whom the caller, who holds `own_roles` at home, may act in the customer: by live relationships with it."""
    if caller.tenant_id is None:
        return Acting(customer_id)
    customer = await tenants.find_live(read, customer_id)
    if customer is None:
        return Acting(await find_customer_name(read, caller, customer_id))
    standing = await find_standing(read, customer_id, caller.tenant_id, own_roles, now)
    return Acting(customer.name, standing.role_ids, standing.until) if standing else Acting(customer.name)


async def find_customer_name(read: Read, caller: Caller, customer_id: TenantId) -> str:
    """What the caller's organisation calls its customer; the ID of one that it does not know."""
    found = await partner_customers.find_name(read, caller.tenant_id, customer_id) if caller.tenant_id else None
    return found or customer_id


async def leave_customer(tx: Tx, *, tenant_id: TenantId, user_id: UserId, session_id: str) -> None:
    """Back to one's own tenant."""
    await sessions.set_acting_tenant(tx, tenant_id, user_id, session_id, None)
