"""Tells webhooks of a user who leaves or comes into many groups at once, perhaps thousands: who was deleted or
restored, or takes a guest's places over.

1. The change itself tells webhooks of some of the groups, unless an earlier change is still being told. Of the other
   groups it leaves one row, in its own transaction, that says how far it came.
2. The sender goes on from there, some groups at a time (`tell_next`). Each step is a short transaction, which moves the
   row on and writes its events, so that after a kill nobody is told twice and nobody is left out.
3. Until all are told, nothing later is sent in the tenant (`webhook_deliveries.claim_due`), so that receivers hear of
   changes in their order.

The events say of the user what was so at the change. If the user has left a group meanwhile, that group's webhooks were
told of that.
"""

from __future__ import annotations

import msgspec

from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.outbox.changes import (
    TELLING,
    EventType,
    Facts,
    member_facts,
    new_event_id,
    note,
    of_member,
    sender_facts,
    write,
)
from tenantry.store.engine.interface import Read, Store, Tx
from tenantry.store.outbox import subscriptions, untold_changes
from tenantry.store.outbox.subscriptions import Subscribed
from tenantry.store.outbox.untold_changes import Place, UntoldChange

PLACES_AT_ONCE = 25
"""How many groups one transaction tells. Each has twenty webhooks at most, those of the tenant included."""


class _Facts(msgspec.Struct):
    """What the events of one change say. Only groups that the user has been in since then are told."""

    member: Facts
    sender: Facts
    since: Micros = 0


async def enqueue_for_user(
    tx: Tx,
    tenant_id: TenantId,
    caller: Caller,
    event_type: EventType,
    user_id: UserId,
    now: Micros,
    *,
    since: Micros = 0,
) -> None:
    """Tell the webhooks that the user leaves or comes into all groups that it is in by now, or that it has been in
    since then.

    Queries: 1; with a webhook in the tenant at most 7 more.
    """
    if not await subscriptions.has_live(tx, tenant_id, now):
        return
    places = await _next_places(tx, tenant_id, user_id, since, now, "")
    if not places:
        return
    facts = _Facts(await member_facts(tx, tenant_id, user_id), await sender_facts(tx, caller), since)
    change = UntoldChange(new_event_id(now), event_type, user_id, msgspec.json.encode(facts).decode(), now, "")
    if await untold_changes.find_first(tx, tenant_id) is None:
        await _tell(tx, tenant_id, change, facts, places)
        if len(places) < PLACES_AT_ONCE:
            return
        change = change._replace(after_group_id=places[-1].group_id)
    await untold_changes.insert(tx, tenant_id, change)
    note(tenant_id, TELLING)


async def tell_next(store: Store, tenant_id: TenantId) -> bool:
    """Go on with the oldest change that not every webhook of the tenant has been told of; False when there is none."""
    async with store.read() as read:
        change = await untold_changes.find_first(read, tenant_id)
    if change is None:
        return False
    facts = msgspec.json.decode(change.facts, type=_Facts)
    async with store.write() as tx:
        places = await _next_places(
            tx, tenant_id, change.user_id, facts.since, change.created_at, change.after_group_id
        )
        if len(places) == PLACES_AT_ONCE:
            is_mine = await untold_changes.advance(tx, tenant_id, change, places[-1].group_id)
        else:
            is_mine = await untold_changes.finish(tx, tenant_id, change)
        if is_mine:
            await _tell(tx, tenant_id, change, facts, places)
        note(tenant_id, TELLING)
    return True


async def _next_places(
    read: Read, tenant_id: TenantId, user_id: UserId, since: Micros, at: Micros, after: str
) -> list[Place]:
    return await untold_changes.list_places(
        read, tenant_id, user_id, since=since, at=at, after=after, limit=PLACES_AT_ONCE
    )


async def _tell(tx: Tx, tenant_id: TenantId, change: UntoldChange, facts: _Facts, places: list[Place]) -> None:
    """Tell every webhook of these groups, or of the tenant, that is live, was there at the change, and asks for it."""
    if not places:
        return
    event_type = EventType(change.event_type)
    events = {place.group_id: of_member(event_type, place.group_id, facts.member, place.role) for place in places}
    found = await subscriptions.list_subscribed_over_user(
        tx,
        tenant_id,
        change.user_id,
        first=places[0].group_id,
        last=places[-1].group_id,
        at=change.created_at,
    )
    told = [
        (Subscribed(row.id, row.event_types, row.context), events[row.group_id])
        for row in found
        if row.group_id in events and event_type in row.event_types.split()
    ]
    await write(tx, tenant_id, facts.sender, told, change.created_at, prefix=change.id)
