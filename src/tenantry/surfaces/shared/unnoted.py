"""What was left out of the trail, because there was too much of it: counted, and one event when the minute ends.

1. Whoever leaves an event out calls `add`: whose trail it would have gone to, and what kind it was.
2. `keep_counting` appends one event for each tenant when a minute ends. So does a server that stops.

What is kept meanwhile is bounded: kinds beyond the first are counted as others, tenants beyond the first not at all.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tenantry.audit.events import EventsLeftOut
from tenantry.audit.record import record
from tenantry.core.caller import Origin, operator
from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.errors import StoreBusy
from tenantry.core.ids import CorrelationId, TenantId, new_guid
from tenantry.core.log import get_logger

if TYPE_CHECKING:
    from tenantry.surfaces.shared.deps import Deps

MOST_TENANTS = 10_000
MOST_KINDS = 20
OTHERS = "others"

_log = get_logger()


class Unnoted:
    """How many, by tenant and kind, in this process."""

    def __init__(self) -> None:
        self._counts: dict[TenantId, dict[str, int]] = {}

    def add(self, tenant_id: TenantId, kind: str, count: int = 1) -> None:
        """`kind`: in words of the trail, such as `group.read outside_reach`."""
        kinds = self._counts.get(tenant_id)
        if kinds is None:
            if len(self._counts) >= MOST_TENANTS:
                return
            kinds = self._counts[tenant_id] = {}
        if kind not in kinds and len(kinds) >= MOST_KINDS:
            kind = OTHERS
        kinds[kind] = kinds.get(kind, 0) + count

    def take(self) -> dict[TenantId, dict[str, int]]:
        """What has gathered since."""
        taken, self._counts = self._counts, {}
        return taken


async def keep_counting(deps: Deps) -> None:
    """For ever: when a minute ends, so that its events stand before."""
    while True:
        await asyncio.sleep((MINUTE - deps.clock() % MINUTE) / SECOND)
        await note_left_out(deps)


async def note_left_out(deps: Deps) -> None:
    """One event for each tenant that has any. What the store does not take now waits for the next time."""
    server = operator(Origin(CorrelationId(new_guid()), ""))
    for tenant_id, kinds in deps.unnoted.take().items():
        event = EventsLeftOut(count=sum(kinds.values()), kinds=kinds)
        try:
            async with deps.store.write() as tx:
                await record(tx, tenant_id, server, event, deps.clock())
        except StoreBusy as busy:
            _log.warning("left-out events not noted", count=event.count, error=busy.internal)
            for kind, count in kinds.items():
                deps.unnoted.add(tenant_id, kind, count)
