"""A partner's user acts in a customer: from the portal's session, as long as a relationship is live."""

from __future__ import annotations

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Tx
from tenantry.store.sign_in import sessions


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


async def leave_customer(tx: Tx, *, tenant_id: TenantId, user_id: UserId, session_id: str) -> None:
    """Back to one's own tenant."""
    await sessions.set_acting_tenant(tx, tenant_id, user_id, session_id, None)
