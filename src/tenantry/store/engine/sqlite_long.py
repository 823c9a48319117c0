"""Runs SQLite's reads that take more than a moment in threads of their own: however long one takes, the event loop goes
on.

1. A read runs inline. `Moment` interrupts it once it has taken so many steps that others would notice.
2. It is then run anew in a thread, on a connection of the thread's: at most one at once for a tenant, and a few in all.
3. Which statement took too long for which tenant is remembered, so that it is run in a thread at once the next time.
   When it takes little time there, that is forgotten again.
4. A read that is not done at its deadline is given up: its caller gets StoreBusy, and nobody else notices.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import apsw

from tenantry.core.errors import StoreBusy
from tenantry.store.engine.interface import Value
from tenantry.store.engine.shares import Shares
from tenantry.store.engine.sqlite_statements import translate

T = TypeVar("T")

THREADS = 2
_STEPS = 10_000
"""Steps of SQLite's virtual machine, of which a processor does some 10 million in a second. A moment is between one and
two times as many.
"""
_STEPS_BETWEEN_LOOKS = 50_000
_SHORT = 0.002
"""Seconds of processor time that a short read takes at most. Time on the clock would not do: on a busy machine a short
read may wait for its turn as long as a long one runs.
"""
_REMEMBERED = 2_000


class Moment:
    """Interrupts the statement that runs on a connection, at the second look within it. The caller resets `begun`
    before each statement.
    """

    __slots__ = ("begun",)

    def __init__(self, connection: apsw.Connection) -> None:
        self.begun = False
        connection.set_progress_handler(self._is_over, _STEPS)

    def _is_over(self) -> bool:
        # SQLite counts a statement's steps on from its last run: the first look may come at once.
        begun, self.begun = self.begun, True
        return begun


class _Job:
    """One statement in a thread. It is given up when `until` (monotonic seconds) has passed. `took` is known when it
    has ended.
    """

    __slots__ = ("bound", "shape", "sql", "took", "until")

    def __init__(self, shape: Callable[..., Any], sql: str, bound: tuple[Value, ...], until: float) -> None:
        self.shape = shape
        self.sql = sql
        self.bound = bound
        self.until = until
        self.took = 0.0

    def is_late(self) -> bool:
        return time.monotonic() > self.until


class LongReads:
    """What runs long reads. It belongs to the event loop in which it was made. `connect` makes a connection that only
    reads.
    """

    def __init__(self, connect: Callable[[], apsw.Connection], timeout: float) -> None:
        self._connect = connect
        self._timeout = timeout
        self._idle: list[apsw.Connection] = []
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="read")
        self._shares = Shares(THREADS, 1, timeout)
        self.remembered: dict[tuple[str, Value], None] = {}

    async def rows(self, shape: Callable[..., T], sql: str, bound: tuple[Value, ...], tenant_id: Value) -> list[T]:
        """Run the statement and answer every row. Raises StoreBusy at the deadline."""
        key = (sql, tenant_id)
        owner = str(tenant_id or "")
        await self._shares.take(owner)
        job = _Job(shape, sql, bound, time.monotonic() + self._timeout)
        running = asyncio.get_running_loop().run_in_executor(self._threads, self._run, job)
        running.add_done_callback(lambda _: self._shares.give(owner))
        try:
            rows: list[T] = await asyncio.shield(running)
        except asyncio.CancelledError:
            job.until = 0.0  # nobody waits for it: the thread has better to do
            running.add_done_callback(_look_at)
            raise
        if job.took < _SHORT:
            self.remembered.pop(key, None)
        else:
            self._remember(key)
        return rows

    def close(self) -> None:
        """Wait for the reads that run."""
        self._threads.shutdown()
        for connection in self._idle:
            connection.close()

    def _remember(self, key: tuple[str, Value]) -> None:
        if key not in self.remembered and len(self.remembered) >= _REMEMBERED:
            del self.remembered[next(iter(self.remembered))]
        self.remembered[key] = None

    def _run(self, job: _Job) -> list[Any]:
        """Run the statement, in a thread."""
        connection = self._idle.pop() if self._idle else self._connect()
        connection.set_progress_handler(job.is_late, _STEPS_BETWEEN_LOOKS)
        shape, began = job.shape, time.thread_time()
        try:
            rows = [shape(*row) for row in connection.cursor().execute(job.sql, job.bound).fetchall()]
            job.took = time.thread_time() - began
            return rows
        except apsw.InterruptError as exc:
            raise StoreBusy(
                "This looks at too much at once. Ask for less of it, or retry later.",
                internal=f"a read was given up after its deadline: {' '.join(job.sql.split())[:200]}",
            ) from exc
        except apsw.Error as exc:
            translate(exc)
        finally:
            connection.set_progress_handler(None)
            self._idle.append(connection)


def _look_at(future: asyncio.Future[Any]) -> None:
    """Take the exception of a read that nobody waits for any more, so that asyncio does not report it."""
    if not future.cancelled():
        future.exception()
