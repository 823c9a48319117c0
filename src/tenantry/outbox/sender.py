"""The background work of a server that sends webhooks: which one, when, and how many at once.

Each webhook sends one event at a time, in the order of the changes; each tenant and the whole server send a few at
once, so that a slow receiver holds up nobody else's. One for which too much waits is disabled. Whoever enqueues wakes
the sender (`listening`); at the start and once an hour a walk over the tenants finds what another process left.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from tenantry.core.clock import MINUTE, SECOND, Clock, Micros
from tenantry.core.errors import StoreBusy
from tenantry.core.http import OutgoingHttp
from tenantry.core.ids import TenantId
from tenantry.core.log import get_logger
from tenantry.outbox import changes
from tenantry.outbox.changes import Key
from tenantry.outbox.deliveries import deliver_next, disable_if_overfull
from tenantry.store.engine.interface import Store
from tenantry.store.outbox import webhook_deliveries
from tenantry.store.tenants import tenants
from tenantry.tokens.keys.master_key import MasterKey

AT_ONCE = 24
AT_ONCE_OF_A_TENANT = 4
WALK_FIRST_AFTER_SECONDS = 5
WALK_EVERY_SECONDS = 3600
COUNTED_TIMES = 10
"""Recount a webhook's queue after each tenth of its limit, so that the count is at most 10 % too low."""
BATCH = 50
PAUSE_SECONDS = 0.05
"""The pause after each page of tenants, so that requests come first. Waking costs more than one look."""
AFTER_TROUBLE = MINUTE

_log = get_logger()


class Sender:
    """Sends what is due, for as long as the application lives. Unless `run` runs, it sends nothing and only remembers
    what is due.
    """

    def __init__(
        self, store: Store, http: OutgoingHttp, master_key: MasterKey, clock: Clock, most_waiting: int
    ) -> None:
        self._store, self._http, self._master_key, self._clock = store, http, master_key, clock
        self._most_waiting = most_waiting
        self._uncounted: Counter[Key] = Counter()  # events enqueued since the queue was counted
        self._due: dict[Key, Micros] = {}
        self._heap: list[tuple[Micros, Key]] = []  # an entry is valid while `_due` has the same time
        self._ready: OrderedDict[TenantId, OrderedDict[str, None]] = OrderedDict()
        self._busy: dict[Key, bool] = {}  # whether it was woken meanwhile
        self._lanes: Counter[TenantId] = Counter()
        self._changed = asyncio.Event()

    def wake(self, key: Key, due_at: Micros) -> None:
        """Look at this webhook's events at that time, or earlier."""
        if key in self._busy and due_at <= self._clock():
            self._busy[key] = True
        elif due_at < self._due.get(key, due_at + 1):
            self._due[key] = due_at
            heapq.heappush(self._heap, (due_at, key))
            self._changed.set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Wake for what is enqueued inside the block, which holds the whole transaction."""
        with changes.listening() as heard:
            try:
                yield
            finally:
                self._uncounted.update(heard)
                for key in heard:
                    self.wake(key, self._clock())

    async def run(self) -> None:
        """Send what waits, without end."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._walk_on())
            while True:
                key = await self._next()
                self._busy[key] = False
                self._lanes[key[0]] += 1
                tasks.create_task(self._serve(key))

    async def _next(self) -> Key:
        """The next webhook with something due, when there is a lane for it."""
        while True:
            self._changed.clear()
            now = self._clock()
            while self._heap and self._heap[0][0] <= now:
                due_at, key = heapq.heappop(self._heap)
                if self._due.get(key) == due_at:
                    del self._due[key]
                    self._ready.setdefault(key[0], OrderedDict())[key[1]] = None
            found = self._take() if len(self._busy) < AT_ONCE else None
            if found is not None:
                return found
            wait = (self._heap[0][0] - now) / SECOND if self._heap else None
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except TimeoutError:
                continue

    def _take(self) -> Key | None:
        """Take the next webhook. Tenants take turns: while half of all lanes are taken, each tenant gets one lane only,
        and tenants that have one are passed over.
        """
        for tenant_id, waiting in self._ready.items():
            if self._lanes[tenant_id] >= (AT_ONCE_OF_A_TENANT if len(self._busy) < AT_ONCE // 2 else 1):
                continue
            webhook_id = next((one for one in waiting if (tenant_id, one) not in self._busy), None)
            if webhook_id is None:
                continue
            del waiting[webhook_id]
            self._ready.move_to_end(tenant_id)
            if not waiting:
                del self._ready[tenant_id]
            return tenant_id, webhook_id
        return None

    async def _serve(self, key: Key) -> None:
        """Send one event, then say when the webhook's turn comes again."""
        again: Micros | None
        try:
            with self.listening():  # more events may have to be given up with their webhook than one transaction took
                await deliver_next(self._store, self._http, self._master_key, *key, self._clock)
                if self._uncounted[key] > self._most_waiting // COUNTED_TIMES:
                    await self._bound(key)
            async with self._store.read() as read:
                again = await webhook_deliveries.find_next_due(read, *key)
            if again is None:
                self._uncounted.pop(key, None)
        except StoreBusy:
            again = self._clock() + AFTER_TROUBLE
        except Exception:  # noqa: BLE001 - others go on
            _log.exception("webhook not served", tenant_id=key[0], webhook_id=key[1])
            again = self._clock() + AFTER_TROUBLE
        woken = self._busy.pop(key)
        self._lanes[key[0]] -= 1
        if not self._lanes[key[0]]:
            del self._lanes[key[0]]
        if woken:
            again = self._clock()
        if again is not None:
            self.wake(key, again)
        self._changed.set()

    async def _bound(self, key: Key) -> None:
        """Count the webhook's queue. An event that is enqueued meanwhile is counted next time."""
        self._uncounted.pop(key, None)
        await disable_if_overfull(self._store, *key, self._most_waiting, self._clock)

    async def _walk_on(self) -> None:
        await asyncio.sleep(WALK_FIRST_AFTER_SECONDS)
        while True:
            try:
                await self.walk()
            except StoreBusy:
                _log.warning("the store does not answer; waiting webhooks are looked for again in an hour")
            except Exception:  # noqa: BLE001 - serving goes on
                _log.exception("waiting webhooks not looked for")
            await asyncio.sleep(WALK_EVERY_SECONDS)

    async def walk(self) -> None:
        """Find what waits in every tenant, whoever enqueued it."""
        after = ""
        while True:
            async with self._store.read() as read:
                page = await tenants.list_ids(read, after, BATCH)
                waiting = [
                    (tenant_id, due) for tenant_id in page for due in await webhook_deliveries.list_due(read, tenant_id)
                ]
            for tenant_id, due in waiting:
                with self.listening():
                    await self._bound((tenant_id, due.webhook_id))
                self.wake((tenant_id, due.webhook_id), due.due_at)
            if len(page) < BATCH:
                return
            after = page[-1]
            await asyncio.sleep(PAUSE_SECONDS)
