"""A partner's user acts in a customer: from the portal's session, as long as a relationship is live."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from tenantry.access.actions import Action, RoleId
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
    """What one of a partner's users may be in a customer now, and when the first of these roles ends."""

    role_ids: tuple[str, ...]
    until: Micros | None


def standing_of(of_pair: list[DelegatedRelationship], own_roles: Collection[str], now: Micros) -> Standing | None:
    """What the relationships of a pair come to for a user with `own_roles` in the partner; None: to nothing.

    As access.decide has it: the roles that the user holds in the partner too, or all for its Global Administrator.
    """
    given: dict[str, Micros | None] = {}
    for row in of_pair:
        if row.status not in _LIVE or (row.expires_at is not None and row.expires_at <= now):
            continue
        for role in row.role_ids.split():
            if role in own_roles or RoleId.GLOBAL_ADMINISTRATOR in own_roles:
                given[role] = _later(given[role], row.expires_at) if role in given else row.expires_at
    if not given:
        return None
    return Standing(tuple(sorted(given)), min((end for end in given.values() if end is not None), default=None))


def _later(one: Micros | None, other: Micros | None) -> Micros | None:
    return None if one is None or other is None else max(one, other)


async def find_standing(
    read: Read, customer_id: TenantId, partner_id: TenantId, own_roles: Collection[str], now: Micros
) -> Standing | None:
    """What a partner's user with `own_roles` at home may be in the customer; None: nothing (any more). 1 query."""
    return standing_of(await relationships.list_of_pair(read, customer_id, partner_id), own_roles, now)


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
