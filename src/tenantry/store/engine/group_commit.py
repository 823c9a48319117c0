"""Writers on one SQLite connection take turns, and share one `COMMIT` (group commit).

1. A writer that finds the turn taken waits, or queues work that runs without waking it. The first of a group opens the
   transaction.
2. When the event loop has run everything that was ready, or the blocks of a group have taken a moment, the group closes
   and one thread runs its `COMMIT`. Meanwhile the event loop does what the group's slots have left for then. Writers
   that come now are the next group: queued work is run one after the other as soon as the turn is free, then blocks are
   let in.
3. Tenants whose blocks wait are served in turn: what one asks for at once keeps no other from it for longer than one
   block takes.
4. The commit's outcome is told to every writer of the group. If it failed, nothing of the group is kept.

The connection is never touched by two threads: while the commit runs, nobody has the turn. One process owns the file's
request writes; the command line may write beside it, so `BEGIN` may find the file locked.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Callable
from contextlib import suppress
from operator import itemgetter
from typing import Any, Protocol

import apsw

from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.store.engine.committer import Committer
from tenantry.store.engine.sqlite_log import LogCopier
from tenantry.store.engine.sqlite_statements import translate, translated

Work = Callable[[], Any]
"""A transaction that needs no savepoint: a function that does the work in the turn, and gives the answer."""

_YOUR_TURN: Any = object()


class Told(Protocol):
    """Who is told the outcome of a writer: the future that its task waits for, or a slot."""

    def done(self) -> bool: ...

    def set_result(self, answer: Any, /) -> None: ...

    def set_exception(self, error: BaseException, /) -> None: ...


class Prepared(Protocol):
    """Who has something left for the time of the commit."""

    def prepare(self) -> None:
        """Raises nothing."""


_Waiter = tuple[float, Told, Work | None, int]
"""Somebody who waits for a turn: until when; who is told the answer of the work once that is durable, or _YOUR_TURN
when there is no work; the work; the place in the queue.
"""

_MOMENT = 0.01
"""Seconds after which blocks let others have the event loop, while what they did is written to the disk."""


class Groups:
    """Owns both connections: that of the writers, and the one that copies their log. `commits` counts the durable
    groups.
    """

    def __init__(self, connection: apsw.Connection, copier: apsw.Connection, busy_timeout: float) -> None:
        self.connection = connection
        self.cursor = connection.cursor()
        self._loop = asyncio.get_running_loop()
        self._busy_timeout = busy_timeout
        self._committer = Committer(self._commit)
        self._log = LogCopier(connection, copier)
        self._in_transaction = False
        self._taken = False  # a writer is in its block, or the commit runs
        self._closing: asyncio.Handle | None = None  # the group will close when the loop comes round
        self._overdue = False  # the group will close when the writer in its block leaves
        self._is_coming = False  # queued work will be run when the loop comes round, if the turn is free
        self._group: list[tuple[Told, Any]] = []  # with the answer that waits to be durable
        self._while_committing: list[Prepared] = []
        self._waiting: list[_Waiter] = []  # by deadline, which is by arrival
        self._served = 0  # the place of the block that came last
        self._places: dict[str, int] = {}  # the last place of each owner of blocks that wait
        self._begun = self._busy = 0.0  # when the block began that has the turn; how long those of the group took
        self._alarm: asyncio.TimerHandle | None = None
        self.commits = 0

    async def take_turn(self, owner: str) -> None:
        """Wait for a block's turn, which starts with the group's transaction open. Raises StoreBusy at the deadline.

        Who waits has a place in the line: the first of each owner right behind those that were served, its second one
        place later, and so on.
        """
        if self._taken:
            place = self._places[owner] = max(self._served, self._places.get(owner, -1) + 1)
            try:
                await self._wait(place=place)
            finally:
                if self._places[owner] == place:
                    del self._places[owner]
            self._served = max(self._served, place)
        await self._take()
        self._begun = self._loop.time()

    async def in_turn(self, work: Work) -> Any:
        """Run `work` in a turn; return its answer once durable. While a commit runs, the work is queued."""
        if self._taken:
            answer = await self._wait(work)
            if answer is not _YOUR_TURN:
                return answer
        await self._take()
        try:
            done = self.join(work())
        except apsw.Error as exc:
            translate(exc)
        finally:
            self.give_turn()
        return await done

    def queue(self, told: Told, work: Work) -> None:
        """Run `work` in a later turn of the loop. `told` hears what it answered, once durable, or _YOUR_TURN, as when
        another process holds the file; of StoreBusy at the deadline.
        """
        self._enqueue(self._loop.time() + self._busy_timeout, told, work)
        if not self._is_coming and not self._taken:
            self._is_coming = True
            self._loop.call_soon(self._come_round)

    def do_while_committing(self, prepared: Prepared) -> None:
        """Call its `prepare` while the commit of this group runs."""
        self._while_committing.append(prepared)

    def join(self, answer: Any = None) -> asyncio.Future[Any]:
        """What the writer who has the turn waits for, until it is told `answer`."""
        done: asyncio.Future[Any] = self._loop.create_future()
        self._group.append((done, answer))
        return done

    def end_turn(self) -> None:
        """End the turn of a block, and note how long it took."""
        self._busy += self._loop.time() - self._begun
        self.give_turn()

    def give_turn(self) -> None:
        """Let the next writers in. The group closes when everything that is ready now has run."""
        self._taken = False
        if self._overdue or self._busy > _MOMENT:
            self._close_group()
        else:
            self._let_in()

    def look_after_failure(self) -> None:
        """A statement failed: SQLite may have rolled back the whole transaction, as when the disk is full."""
        if not self.connection.in_transaction:
            self._end_group(apsw.Error("a failed statement rolled the whole transaction back"))

    async def close(self) -> None:
        while self._in_transaction or self._taken:  # noqa: ASYNC110 - once in a life; an event would cost every write
            await asyncio.sleep(0.001)
        await asyncio.to_thread(self._committer.close)
        await asyncio.to_thread(self._log.close)
        if self._alarm is not None:
            self._alarm.cancel()
        self.connection.close()

    async def _take(self) -> None:
        self._taken = True
        if self._in_transaction:
            return
        try:
            await self._begin()
        except BaseException as exc:
            self.give_turn()
            if isinstance(exc, apsw.Error):
                translate(exc)
            raise

    async def _wait(self, work: Work | None = None, place: int = 0) -> Any:
        """Wait for the turn, or for what `work` answers, durably. Raises StoreBusy at the deadline."""
        deadline = self._loop.time() + self._busy_timeout
        while True:
            told: asyncio.Future[Any] = self._loop.create_future()
            waiter = self._enqueue(deadline, told, work, place)
            try:
                answer = await told
            except asyncio.CancelledError:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)
                raise
            if answer is not _YOUR_TURN or not self._taken:
                return answer

    def _enqueue(self, deadline: float, told: Told, work: Work | None, place: int = 0) -> _Waiter:
        waiter: _Waiter = (deadline, told, work, place)
        if self._waiting and self._waiting[-1][0] > deadline:
            insort(self._waiting, waiter, key=itemgetter(0))
        else:
            self._waiting.append(waiter)
        if self._alarm is None:
            self._alarm = self._loop.call_at(deadline, self._refuse_late)
        return waiter

    def _come_round(self) -> None:
        self._is_coming = False
        if not self._taken:
            self._let_in()

    def _refuse_late(self) -> None:
        """Refuse the writers whose deadline has come. One timer serves all who wait, since a timer for each would cost
        more than the write.
        """
        now = self._loop.time()
        late = [told for deadline, told, *_ in self._waiting if deadline <= now]
        self._waiting = self._waiting[len(late) :]
        for told in late:
            if not told.done():
                told.set_exception(StoreBusy(internal="waited too long for the write connection"))
        self._alarm = self._loop.call_at(self._waiting[0][0], self._refuse_late) if self._waiting else None

    async def _begin(self) -> None:
        """Open the group's transaction. Suspends only while another process holds the file."""
        deadline = self._loop.time() + self._busy_timeout
        pause = 0.001
        while True:
            try:
                self.cursor.execute("BEGIN IMMEDIATE")
            except apsw.BusyError:
                if self._loop.time() + pause > deadline:
                    raise
            else:
                self._in_transaction = True
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.05)

    def _let_in(self) -> None:
        """Run the queued work and wake the other writers, all at once. A writer that finds the turn taken again waits
        on at its place.
        """
        waiting, self._waiting = self._waiting, []
        woken = []
        for waiter in waiting:
            _, told, work, _ = waiter
            if not told.done() and (work is None or not self._run_queued(work, told)):
                woken.append(waiter)
        woken.sort(key=itemgetter(3))
        for waiter in woken:
            waiter[1].set_result(_YOUR_TURN)
        if self._in_transaction and self._closing is None:
            self._closing = self._loop.call_soon(self._close_group)

    def _run_queued(self, work: Work, told: Told) -> bool:
        """Run a writer's work. Answers False when another process holds the file, so that the writer has to wait for it
        itself.
        """
        try:
            if not self._in_transaction:
                self.cursor.execute("BEGIN IMMEDIATE")
                self._in_transaction = True
            self._group.append((told, work()))
        except apsw.BusyError:
            return False
        except Exception as exc:  # noqa: BLE001 - a value that cannot be bound too: the next in the queue must be run
            told.set_exception(translated(exc))
        return True

    def _close_group(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        self._overdue = self._taken  # a writer that suspends inside its block must not keep the others from the disk
        if self._overdue:
            return
        self._busy = 0.0
        if self._group:
            self._taken = True
            self._committer.start()
            prepared, self._while_committing = self._while_committing, []
            for each in prepared:
                each.prepare()
            return
        if self._in_transaction:  # every writer rolled back
            self.cursor.execute("ROLLBACK")
            self._in_transaction = False
        self._let_in()

    def _commit(self) -> None:
        """Commit, in the committer's thread. No other thread uses the connection meanwhile."""
        failure: Exception | None = None
        try:
            self.cursor.execute("COMMIT")
        except Exception as exc:  # noqa: BLE001 - whatever it was, the group must hear of it
            failure = exc
            with suppress(apsw.Error):
                self.cursor.execute("ROLLBACK")
        else:
            with suppress(Exception):  # such as a thread that cannot be started: the log grows, the group must hear
                self._log.after_commit()
        self._loop.call_soon_threadsafe(self._committed, failure)

    def _committed(self, failure: Exception | None) -> None:
        self._taken = False
        self._end_group(failure)
        self._let_in()

    def _end_group(self, failure: Exception | None) -> None:
        """Tell every writer of the group how its commit ended. A writer that was cancelled meanwhile is not there to be
        told.
        """
        group, self._group = self._group, []
        self._while_committing = []
        self._in_transaction = False
        self.commits += failure is None
        for told, answer in group:
            if told.done():
                continue
            if failure is None:
                told.set_result(answer)
            else:
                error = StoreUnavailable(internal=f"the group commit failed: {failure}")
                error.__cause__ = failure
                told.set_exception(error)
