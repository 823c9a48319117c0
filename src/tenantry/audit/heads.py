"""The head of each trail is noted in the trail of the system, so that a trail without its seals is missed.

At most once a day for each tenant whose trail was sealed: one row, found again by the tenant. Whoever takes seals away
has to take the note away too, and that is sealed in turn.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from tenantry.audit.events import SYSTEM_TENANT, TrailNoted
from tenantry.audit.record import record
from tenantry.audit.seals import SealKeys, has_seal, seal_trail
from tenantry.core.caller import Caller, CallerKind, Origin
from tenantry.core.clock import DAY, Micros
from tenantry.core.ids import CorrelationId, TenantId, new_guid
from tenantry.store.engine.interface import Read, Store
from tenantry.store.trail import audit_events, audit_seals


class Note(NamedTuple):
    """The newest seal of a trail, as `NUMBER:DIGEST`, at that time."""

    head: str
    at: Micros


async def seal_and_note(store: Store, keys: SealKeys, tenant_id: TenantId, now: Micros, *, pause: float = 0) -> int:
    """`seal_trail`; then the new head is noted, unless one was within a day."""
    made = await seal_trail(store, keys, tenant_id, now, pause=pause)
    if made and tenant_id != SYSTEM_TENANT:
        await _note(store, tenant_id, now)
    return made


async def find_note(read: Read, tenant_id: TenantId) -> Note | None:
    """The newest one about this trail."""
    event = await audit_events.find_latest_about(read, SYSTEM_TENANT, tenant_id, "trail.noted")
    return None if event is None else Note(msgspec.json.decode(event.data)["head"], event.at)


async def find_missing(read: Read, tenant_id: TenantId) -> Note | None:
    """The note of a head that is not among the seals of the trail any more."""
    note = await find_note(read, tenant_id)
    return None if note is None or await has_seal(read, tenant_id, note.head) else note


async def _note(store: Store, tenant_id: TenantId, now: Micros) -> None:
    async with store.read() as read:
        last, head = await find_note(read, tenant_id), await audit_seals.find_last(read, tenant_id)
    if head is None or (last is not None and now - DAY < last.at <= now):
        return
    # Who acts is of the tenant: by that the note is found.
    caller = Caller(CallerKind.OPERATOR, Origin(CorrelationId(new_guid()), ""), tenant_id=tenant_id)
    await record(store, SYSTEM_TENANT, caller, TrailNoted(tenant_id=tenant_id, head=head.mark), now)
