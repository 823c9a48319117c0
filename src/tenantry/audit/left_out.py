"""Records for each tenant and minute one event with the number of marks of each kind that were left out (marks.py)."""

from __future__ import annotations

import asyncio

from tenantry.audit.events import EventsLeftOut
from tenantry.audit.marks import MARKS
from tenantry.audit.record import record
from tenantry.core.caller import Origin, operator
from tenantry.core.clock import MINUTE, SECOND, Clock
from tenantry.core.errors import StoreBusy
from tenantry.core.ids import CorrelationId, new_guid
from tenantry.core.log import get_logger
from tenantry.store.engine.interface import Store
from tenantry.store.tokens import presented

_log = get_logger()


async def keep_counting(store: Store, clock: Clock) -> None:
    """Record them for ever: when a minute ends, so that its marks stand before."""
    while True:
        await asyncio.sleep((MINUTE - clock() % MINUTE) / SECOND)
        await note_left_out(store, clock)


async def note_left_out(store: Store, clock: Clock) -> None:
    """Record them for each tenant that still exists. What the store cannot take now waits for the next time."""
    server = operator(Origin(CorrelationId(new_guid()), ""))
    for tenant_id, kinds in MARKS.take_left_out().items():
        event = EventsLeftOut(count=sum(kinds.values()), kinds=kinds)
        try:
            async with store.write() as tx:
                if await presented.tenant_exists(tx, tenant_id):
                    await record(tx, tenant_id, server, event, clock())
        except StoreBusy as busy:
            _log.warning("left-out events not noted", count=event.count, error=busy.internal)
            for kind, count in kinds.items():
                MARKS.leave_out(tenant_id, kind, count)
