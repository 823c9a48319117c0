"""A partner's user acts in a customer: from the portal's session, as long as a relationship is live."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.store import relationships, sessions
from tenantry.store.engine import Read, Tx
from tenantry.store.relationships import DelegatedRelationship

_LIVE = frozenset({"active", "expiring"})


class Standing(NamedTuple):
    """What a partner may in a customer now: every role of its live relationships, and when the first of them ends."""

    role_ids: tuple[str, ...]
    until: Micros | None


def standing_of(of_pair: list[DelegatedRelationship], now: Micros) -> Standing | None:
    """What the relationships of a pair come to; None when none is live."""
    live = [row for row in of_pair if row.status in _LIVE and (row.expires_at is None or row.expires_at > now)]
    if not live:
        return None
    ends = [row.expires_at for row in live if row.expires_at is not None]
    return Standing(tuple(sorted({role for row in live for role in row.role_ids.split()})), min(ends, default=None))


async def find_standing(read: Read, customer_id: TenantId, partner_id: TenantId, now: Micros) -> Standing | None:
    """What the partner may do in the customer; None: nothing (any more). 1 query."""
    return standing_of(await relationships.list_of_pair(read, customer_id, partner_id), now)


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
