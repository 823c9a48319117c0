"""Notes the newest seal of each trail in the system's trail, so that somebody who removes seals is found out.

A tenant whose trail was sealed has at most one note a day: one row, found again by the tenant. Whoever removes seals
would have to remove every note of them too, and the notes are sealed in turn. A later note, written after the trail was
sealed anew or by somebody who can write to the database, does not hide an earlier one.
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

_PAGE = 200
_NEWEST = "g"
"""A position that sorts after the id of every event."""


class Note(NamedTuple):
    """What was noted: the newest seal of a trail, as `NUMBER:DIGEST`, at that time."""

    head: str
    at: Micros
    event_id: str


async def seal_and_note(store: Store, keys: SealKeys, tenant_id: TenantId, now: Micros, *, pause: float = 0) -> int:
    """Seal the trail, and then note its new head, unless one was noted within a day."""
    made = await seal_trail(store, keys, tenant_id, now, pause=pause)
    if made and tenant_id != SYSTEM_TENANT:
        await _note(store, tenant_id, now)
    return made


async def find_note(read: Read, tenant_id: TenantId) -> Note | None:
    """The newest note about this trail."""
    return next(iter(await _list_notes(read, tenant_id, _NEWEST, 1)), None)


async def find_missing(read: Read, tenant_id: TenantId, *, most: int | None = None) -> Note | None:
    """The newest note whose head is no longer among the seals of the trail, of all notes, or of the newest `most`.

    1 query for a note, and 1 for a page of notes.
    """
    looked, before_id = 0, _NEWEST
    while page := await _list_notes(read, tenant_id, before_id, _PAGE if most is None else min(_PAGE, most - looked)):
        for note in page:
            if not await has_seal(read, tenant_id, note.head):
                return note
        looked, before_id = looked + len(page), page[-1].event_id
    return None


async def _list_notes(read: Read, tenant_id: TenantId, before_id: str, limit: int) -> list[Note]:
    found = await audit_events.list_about(read, SYSTEM_TENANT, tenant_id, "trail.noted", before_id, limit)
    return [Note(msgspec.json.decode(event.data)["head"], event.at, event.id) for event in found]


async def _note(store: Store, tenant_id: TenantId, now: Micros) -> None:
    async with store.read() as read:
        last, head = await find_note(read, tenant_id), await audit_seals.find_last(read, tenant_id)
    if head is None or (last is not None and now - DAY < last.at <= now):
        return
    # The actor is of the tenant: the note is found by that.
    caller = Caller(CallerKind.OPERATOR, Origin(CorrelationId(new_guid()), ""), tenant_id=tenant_id)
    await record(store, SYSTEM_TENANT, caller, TrailNoted(tenant_id=tenant_id, head=head.mark), now)
