"""How SQLite's writers use their turn: their statements run inline, on the event loop.

1. A block takes its turn with its first statement, whose tenant it belongs to, and works in a savepoint of its own.
   When it is left normally, it releases the savepoint, gives the turn on, and waits for the group's commit. An
   exception rolls back this savepoint only.
2. A transaction that makes one change, with its last statement, needs no savepoint: when that statement fails, SQLite
   undoes it alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import NoReturn, Self, TypeVar

import apsw

from tenantry.core.errors import StoreUnavailable
from tenantry.store.engine.dialect import only_row
from tenantry.store.engine.group_commit import Groups
from tenantry.store.engine.interface import SECOND_CHANGE, LoneTx, Value
from tenantry.store.engine.shares import NOBODY
from tenantry.store.engine.sqlite_statements import Known, Statements, prepared, translate

T = TypeVar("T")


class WriteBlock(Statements):
    """One writer: `Tx` and its block in one object, since one is made for every write."""

    __slots__ = ("_groups", "_has_begun", "_is_open")

    def __init__(self, groups: Groups, known: Known) -> None:
        self._groups = groups
        self._cursor = None
        self._known = known
        self._has_begun = self._is_open = False

    async def one_or_none(self, shape: Callable[..., T], sql: str, /, **params: Value) -> T | None:
        if not self._has_begun:
            await self._begin(params)
        row = only_row(self._select(shape, sql, params), sql)
        return None if row is None else shape(*row)

    async def all(self, shape: Callable[..., T], sql: str, /, **params: Value) -> list[T]:
        if not self._has_begun:
            await self._begin(params)
        return [shape(*row) for row in self._select(shape, sql, params)]

    async def run(self, sql: str, /, **params: Value) -> int:
        if not self._has_begun:
            await self._begin(params)
        self._rows(sql, params)
        return self._groups.connection.changes()

    async def run_many(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        if not self._has_begun:
            await self._begin(rows[0] if rows else {})
        cursor = self._cursor
        if cursor is None:
            raise RuntimeError("The block has ended.")
        try:
            text, binder = prepared(sql)
            cursor.executemany(text, map(binder, rows)).fetchall()
        except apsw.Error as exc:
            self._failed(exc)

    def _failed(self, exc: apsw.Error) -> NoReturn:
        if not self._groups.connection.in_transaction:
            # A full disk may roll back the whole transaction; a later statement would commit by itself.
            self._cursor = None
        translate(exc)

    async def __aenter__(self) -> Self:
        return self

    async def _begin(self, params: Mapping[str, Value]) -> None:
        """Before the first statement."""
        groups = self._groups
        await groups.take_turn(str(params.get("tenant_id") or NOBODY))
        self._has_begun = True
        try:
            groups.cursor.execute("SAVEPOINT writer")
        except apsw.Error as exc:
            groups.end_turn()
            translate(exc)
        self._cursor = groups.cursor
        self._is_open = True

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        has_begun, self._has_begun = self._is_open, True
        if not has_begun:  # no statement was run
            return
        groups = self._groups
        self._cursor = None
        try:
            if kind is not None:
                self._roll_back()
                return
            groups.cursor.execute("RELEASE writer")
            done = groups.join()
        except apsw.Error as failure:
            self._roll_back()
            raise StoreUnavailable(internal=f"the writer could not be kept: {failure}") from failure
        finally:
            groups.end_turn()
        await done

    def _roll_back(self) -> None:
        """Undo what this writer did. When SQLite has undone the whole transaction, the group has failed."""
        groups = self._groups
        if groups.connection.in_transaction:
            groups.cursor.execute("ROLLBACK TO writer")
            groups.cursor.execute("RELEASE writer")
        groups.look_after_failure()


class LoneWriter(Statements):
    """`LoneTx`. There is one for all writers, since nothing in it suspends."""

    __slots__ = ("_groups", "_has_changed")

    def __init__(self, groups: Groups, known: Known) -> None:
        super().__init__(groups.cursor, known)
        self._groups = groups
        self._has_changed = False

    async def change(self, sql: str, params: Mapping[str, Value]) -> int:
        """Run one statement and wait until it is durable. Answers how many rows it has changed."""
        text, binder = prepared(sql)
        changed: int = await self._groups.in_turn(partial(self._change, text, binder(params)))
        return changed

    async def change_each(self, sql: str, rows: Sequence[Mapping[str, Value]]) -> None:
        """Run the statement for each of these rows, all in one turn."""
        text, binder = prepared(sql)
        await self._groups.in_turn(partial(self._change_each, text, [binder(row) for row in rows]))

    async def transact(self, work: Callable[[LoneTx], Awaitable[T]]) -> T:
        """Run `work`, and wait until it is durable. What it sees may be changes of others in its group, which become
        durable with it.
        """
        answer: T = await self._groups.in_turn(partial(self.finish, work))
        return answer

    async def run(self, sql: str, /, **params: Value) -> int:
        if self._has_changed:
            raise RuntimeError(SECOND_CHANGE)
        text, binder = prepared(sql)
        changed = self._change(text, binder(params))
        self._has_changed = True
        return changed

    def _failed(self, exc: apsw.Error) -> NoReturn:
        self._groups.look_after_failure()
        translate(exc)

    def _change(self, text: str, bound: tuple[Value, ...]) -> int:
        try:
            self._groups.cursor.execute(text, bound).fetchall()
        except apsw.Error:
            self._groups.look_after_failure()
            raise
        return self._groups.connection.changes()

    def _change_each(self, text: str, bound: Sequence[tuple[Value, ...]]) -> None:
        try:
            self._groups.cursor.executemany(text, bound).fetchall()
        except apsw.Error:
            self._groups.look_after_failure()
            raise

    def finish(self, work: Callable[[LoneTx], Awaitable[T]]) -> T:
        """Run a coroutine from beginning to end at once, since its statements do not suspend."""
        self._has_changed = False
        try:
            work(self).__await__().send(None)
        except StopIteration as end:
            answer: T = end.value
            return answer
        except BaseException:
            self._undo()
            raise
        self._undo()
        raise RuntimeError("The work of such a transaction awaits nothing but its statements.")

    def _undo(self) -> None:
        """Fail the group, because a transaction failed after its change, which it must not: there is no savepoint to go
        back to.
        """
        groups = self._groups
        if self._has_changed and groups.connection.in_transaction:
            groups.cursor.execute("ROLLBACK")
        groups.look_after_failure()
