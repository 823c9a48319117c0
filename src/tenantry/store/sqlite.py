"""SQLite, embedded: statements run inline on the event loop, only `COMMIT` runs in a thread (group commit).

1. Writers take turns on one connection. The first of a group opens the transaction; each works in its own savepoint.
2. A writer that leaves its block releases its savepoint, gives the turn on and waits. Its exception rolls back its own
   savepoint only.
3. When the event loop has run everything that was ready, the group closes and one thread runs the one `COMMIT`.
   Writers that come meanwhile wait and are the next group.
4. The commit's outcome is told to every writer of the group. If it failed, nothing of the group is kept.
5. A statement that is a transaction of its own needs no savepoint. While the commit runs such statements queue, and are
   run one after the other when it is done, without waking those who wait for them.

The connection is never touched by two threads: while the commit runs, nobody has the turn. Reads have a connection of
their own, in autocommit.
One process owns the file's request writes; the command line may write beside it, so `BEGIN` may find the file locked.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NoReturn, Self

import apsw

from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.store.engine import SchemaOutdated, Value
from tenantry.store.sqlite_log import LogCopier
from tenantry.store.sqlite_statements import ReadBlock, Statements, binder_of, connect, translate, translated

_MAPPED_BYTES = 256 * 1024 * 1024
"""Of the file, for reads: a commit empties the read connection's page cache, and what is mapped need not come back."""

_READ_CACHE_MIB = 4
"""What a commit empties should be small: SQLite walks all it ever was to empty it."""

_Queued = tuple[str, tuple[Value, ...]]
"""A statement that is a transaction of its own, with what is bound to it."""

_Waiter = tuple[float, "asyncio.Future[int | None]", _Queued | None]
"""Until when; what it waits for: the rows its statement has changed, durably, or None for its turn; the statement."""


class _WriteBlock(Statements):
    """One writer: `Tx` and its block in one object, since one is made for every write."""

    __slots__ = ("_store",)

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._cursor = None
        self._known = store._known

    async def run(self, sql: str, /, **params: Value) -> int:
        self._rows(sql, params)
        return self._store._connection.changes()

    async def run_many(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        cursor = self._cursor
        if cursor is None:
            raise RuntimeError("The block has ended.")
        try:
            cursor.executemany(sql, map(binder_of(sql), rows)).fetchall()
        except apsw.Error as exc:
            self._failed(exc)

    def _failed(self, exc: apsw.Error) -> NoReturn:
        if not self._store._connection.in_transaction:
            # A full disk may roll back the whole transaction; a later statement would commit by itself.
            self._cursor = None
        translate(exc)

    async def __aenter__(self) -> Self:
        store = self._store
        if store._taken:
            await store._wait_for_turn()
        store._taken = True
        try:
            if not store._in_transaction:
                await store._begin()
            store._cursor.execute("SAVEPOINT writer")
        except BaseException as exc:
            store._give_turn()
            if isinstance(exc, apsw.Error):
                translate(exc)
            raise
        self._cursor = store._cursor
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        store = self._store
        self._cursor = None
        try:
            if kind is None:
                store._cursor.execute("RELEASE writer")
                done = store._join_group(0)
            else:
                store._roll_back_writer()
                return
        except apsw.Error as failure:
            store._roll_back_writer()
            raise StoreUnavailable(internal=f"the writer could not be kept: {failure}") from failure
        finally:
            store._give_turn()
        await done


class SqliteStore:
    """`Store` on one file. `commits` counts the durable groups. Raises SchemaOutdated when the file is absent."""

    engine: Literal["sqlite"] = "sqlite"

    def __init__(self, path: str, *, busy_timeout: float, cache_mib: int, vfs: str | None = None) -> None:
        if not Path(path).exists():
            raise SchemaOutdated(f"There is no database at {path}. Run `tenantry db upgrade`, then start again.")
        self._loop = asyncio.get_running_loop()
        self._busy_timeout = busy_timeout
        self._connection = connect(path, cache_mib, busy_timeout, vfs)
        self._cursor = self._connection.cursor()
        self._read_connection = connect(path, _READ_CACHE_MIB, busy_timeout, vfs)
        self._read_connection.pragma("query_only", True)
        self._read_connection.pragma("mmap_size", _MAPPED_BYTES)
        self._known: set[tuple[str, Callable[..., Any]]] = set()
        self._reader = ReadBlock(self._read_connection.cursor(), self._known)
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._log = LogCopier(self._connection, connect(path, 1, busy_timeout, vfs))
        self._in_transaction = False
        self._taken = False  # a writer is in its block, or the commit runs
        self._closing = False  # the group will close when the loop comes round
        self._overdue = False  # the group will close when the writer in its block leaves
        self._group: list[tuple[asyncio.Future[int | None], int]] = []  # with the rows it has changed
        self._waiting: list[_Waiter] = []  # by deadline, which is by arrival
        self._alarm: asyncio.TimerHandle | None = None
        self.commits = 0

    def read(self) -> ReadBlock:
        return self._reader

    def write(self) -> _WriteBlock:
        return _WriteBlock(self)

    async def run(self, sql: str, /, **params: Value) -> int:
        """Hot path: 1 write."""
        bound = binder_of(sql)(params)
        if self._taken:
            changed = await self._wait_for_turn((sql, bound))
            if changed is not None:
                return changed
        self._taken = True
        try:
            if not self._in_transaction:
                await self._begin()
            done = self._join_group(self._execute(sql, bound))
        except apsw.Error as exc:
            translate(exc)
        finally:
            self._give_turn()
        return await done or 0

    async def close(self) -> None:
        while self._in_transaction or self._taken:  # noqa: ASYNC110 - once in a life; an event would cost every write
            await asyncio.sleep(0.001)
        self._committer.shutdown()
        await asyncio.to_thread(self._log.close)
        if self._alarm is not None:
            self._alarm.cancel()
        self._read_connection.close()
        self._connection.close()

    async def _wait_for_turn(self, queued: _Queued | None = None) -> int | None:
        """None once the turn is free, or the rows that `queued` changed, durably. Raises StoreBusy at the deadline."""
        deadline = self._loop.time() + self._busy_timeout
        while True:
            waiter: _Waiter = (deadline, self._loop.create_future(), queued)
            if self._waiting and self._waiting[-1][0] > deadline:
                insort(self._waiting, waiter, key=itemgetter(0))
            else:
                self._waiting.append(waiter)
            if self._alarm is None:
                self._alarm = self._loop.call_at(deadline, self._refuse_late)
            try:
                changed = await waiter[1]
            except asyncio.CancelledError:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)
                raise
            if changed is not None or not self._taken:
                return changed

    def _refuse_late(self) -> None:
        """One timer for all who wait: a timer each would cost more than the write."""
        now = self._loop.time()
        late = [future for deadline, future, _ in self._waiting if deadline <= now]
        self._waiting = self._waiting[len(late) :]
        for future in late:
            if not future.done():
                future.set_exception(StoreBusy(internal="waited too long for the write connection"))
        self._alarm = self._loop.call_at(self._waiting[0][0], self._refuse_late) if self._waiting else None

    async def _begin(self) -> None:
        """Open the group's transaction. Suspends only while another process holds the file."""
        deadline = self._loop.time() + self._busy_timeout
        pause = 0.001
        while True:
            try:
                self._cursor.execute("BEGIN IMMEDIATE")
            except apsw.BusyError:
                if self._loop.time() + pause > deadline:
                    raise
            else:
                self._in_transaction = True
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.05)

    def _execute(self, sql: str, bound: tuple[Value, ...]) -> int:
        """A statement without a savepoint: if it fails, SQLite undoes it alone, or else the whole transaction."""
        try:
            self._cursor.execute(sql, bound).fetchall()
        except apsw.Error:
            if not self._connection.in_transaction:
                self._end_group(apsw.Error("a failed statement rolled the whole transaction back"))
            raise
        return self._connection.changes()

    def _join_group(self, changed: int) -> asyncio.Future[int | None]:
        """What the writer waits for."""
        done: asyncio.Future[int | None] = self._loop.create_future()
        self._group.append((done, changed))
        return done

    def _roll_back_writer(self) -> None:
        """Undo the writer who has the turn; if SQLite has undone the whole transaction, the group has failed."""
        if self._connection.in_transaction:
            self._cursor.execute("ROLLBACK TO writer")
            self._cursor.execute("RELEASE writer")
        else:
            self._end_group(apsw.Error("a failed statement rolled the whole transaction back"))

    def _give_turn(self) -> None:
        """Let the next writers in; the group closes when everything that is ready now has run."""
        self._taken = False
        if self._overdue:
            self._close_group()
        else:
            self._let_in()

    def _let_in(self) -> None:
        """Run what queued and wake the others, all at once: who finds the turn taken again waits on at its place."""
        waiting, self._waiting = self._waiting, []
        for _, future, queued in waiting:
            if not future.done() and (queued is None or not self._run_queued(queued, future)):
                future.set_result(None)
        if self._in_transaction and not self._closing:
            self._closing = True
            self._loop.call_soon(self._close_group)

    def _run_queued(self, queued: _Queued, done: asyncio.Future[int | None]) -> bool:
        """False when another process holds the file: then the writer has to wait for that itself."""
        try:
            if not self._in_transaction:
                self._cursor.execute("BEGIN IMMEDIATE")
                self._in_transaction = True
            self._group.append((done, self._execute(*queued)))
        except apsw.BusyError:
            return False
        except Exception as exc:  # noqa: BLE001 - a value that cannot be bound too: the next in the queue must be run
            done.set_exception(translated(exc))
        return True

    def _close_group(self) -> None:
        self._closing = False
        self._overdue = self._taken  # a writer that suspends inside its block must not keep the others from the disk
        if self._overdue:
            return
        if self._group:
            self._taken = True
            self._committer.submit(self._commit)
            return
        if self._in_transaction:  # every writer rolled back
            self._cursor.execute("ROLLBACK")
            self._in_transaction = False
        self._let_in()

    def _commit(self) -> None:
        """In the committer's thread, which has the connection to itself."""
        failure: Exception | None = None
        try:
            self._cursor.execute("COMMIT")
        except Exception as exc:  # noqa: BLE001 - whatever it was, the group must hear of it
            failure = exc
            with suppress(apsw.Error):
                self._cursor.execute("ROLLBACK")
        else:
            with suppress(Exception):  # such as a thread that cannot be started: the log grows, the group must hear
                self._log.after_commit()
        self._loop.call_soon_threadsafe(self._committed, failure)

    def _committed(self, failure: Exception | None) -> None:
        self._taken = False
        self._end_group(failure)
        self._let_in()

    def _end_group(self, failure: Exception | None) -> None:
        """Tell every writer of the group; one that was cancelled meanwhile is not there to be told."""
        group, self._group = self._group, []
        self._in_transaction = False
        self.commits += failure is None
        for future, changed in group:
            if future.done():
                continue
            if failure is None:
                future.set_result(changed)
            else:
                error = StoreUnavailable(internal=f"the group commit failed: {failure}")
                error.__cause__ = failure
                future.set_exception(error)
