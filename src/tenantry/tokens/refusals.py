"""The mark that a refused exchange leaves in the trail of the tenant whose secret was tried.

The client is told one sentence for every cause; the trail knows which. Since anybody can cause a refusal, a tenant gets
only so many marks a minute: the trail shows that something tries, and trying does not fill the disk.
"""

from __future__ import annotations

from tenantry.audit.events import TokenRefused
from tenantry.audit.record import record
from tenantry.core.caller import Caller, CallerKind, Origin
from tenantry.core.clock import MINUTE, Micros
from tenantry.core.errors import BadCredentials, InvalidClient
from tenantry.core.ids import ConnectorId, TenantId, parse_guid
from tenantry.store import credentials
from tenantry.store.engine import Store

MARKS_PER_MINUTE = 60
MALFORMED = "malformed"
"""The reason of what was refused without I/O: nobody's secret was tried."""


class RefusalBudget:
    """Marks left for each tenant in the running minute. Forgets all of it when the minute is over."""

    __slots__ = ("_limit", "_marks", "_minute")

    def __init__(self, limit: int = MARKS_PER_MINUTE) -> None:
        self._limit = limit
        self._minute = 0
        self._marks: dict[TenantId, int] = {}

    def take(self, tenant_id: TenantId, now: Micros) -> bool:
        """Whether one more mark may be left."""
        minute = now // MINUTE
        if minute != self._minute:
            self._minute = minute
            self._marks = {}
        marks = self._marks.get(tenant_id, 0)
        if marks >= self._limit:
            return False
        self._marks[tenant_id] = marks + 1
        return True


PROCESS_BUDGET = RefusalBudget()
"""What exchanges use unless they are given another: a process has one disk to protect, whatever it serves."""


async def note_refusal(
    store: Store,
    tenant_id: TenantId,
    error: BadCredentials,
    *,
    audience: str,
    client_id: str,
    origin: Origin,
    now: Micros,
    budget: RefusalBudget,
) -> None:
    """Leave the mark of `error`. None is left for garbage, for an unknown tenant, and when the budget is spent.

    `client_id` goes into the mark when it is proven, which it is unless the error is InvalidClient. 1 read, 1 write.
    """
    if error.reason == MALFORMED:
        return
    async with store.read() as read:
        exists = await credentials.tenant_exists(read, tenant_id)
    if not exists or not budget.take(tenant_id, now):
        return
    proven = None if isinstance(error, InvalidClient) else parse_guid(client_id)
    connector_id = None if proven is None else ConnectorId(proven)
    caller = Caller(CallerKind.ANONYMOUS, origin, tenant_id=tenant_id, connector_id=connector_id)
    async with store.write() as tx:
        await record(tx, tenant_id, caller, TokenRefused(reason=error.reason, audience=audience), now)
