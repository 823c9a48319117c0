"""Statements on one SQLite connection, run inline: microseconds, without a suspension.

Cursors are always exhausted: an open one would keep the log from being reset and block writers.
Parameters are bound by place, which costs half of what binding by name does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from operator import itemgetter
from typing import Any, NoReturn, TypeVar

import apsw

from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.store.engine.dialect import only_row, require_columns, to_positional, without_blanks
from tenantry.store.engine.interface import Value

T = TypeVar("T")

Known = set[tuple[str, Callable[..., Any]]]
"""Statements whose columns have been compared with their shape."""

_BUSY = (apsw.BusyError, apsw.LockedError)
_BROKEN = (apsw.FullError, apsw.IOError, apsw.CorruptError, apsw.CantOpenError, apsw.NotADBError, apsw.ReadOnlyError)
_CACHED_STATEMENTS = 512


def translated(exc: Exception) -> Exception:
    """StoreBusy or StoreUnavailable for a file that cannot serve; anything else as it is."""
    if isinstance(exc, _BUSY):
        return StoreBusy(internal=str(exc))
    if isinstance(exc, _BROKEN):
        return StoreUnavailable(internal=str(exc))
    return exc


def translate(exc: Exception) -> NoReturn:
    """Raise what `translated` answers."""
    raise translated(exc) from exc


Binder = Callable[[Mapping[str, Value]], tuple[Value, ...]]
"""Puts the parameters of a statement in the order in which it names them first."""


@cache
def prepared(sql: str) -> tuple[str, Binder]:
    """The text of a statement as SQLite is given it, and its binder. The text is as short as it can be, since SQLite
    hashes and compares all of it at each execution, to find what it has compiled before.
    """
    text, names = to_positional(sql)
    if len(names) > 1:
        return without_blanks(text), itemgetter(*names)
    return without_blanks(text), lambda params: tuple(params[name] for name in names)


class Statements:
    """`Read` on one connection. Nothing in it suspends."""

    __slots__ = ("_cursor", "_known")

    def __init__(self, cursor: apsw.Cursor, known: Known) -> None:
        self._cursor: apsw.Cursor | None = cursor
        self._known = known

    def _rows(self, sql: str, params: Mapping[str, Value]) -> list[Any]:
        cursor = self._cursor
        if cursor is None:
            raise RuntimeError("The block has ended.")
        try:
            text, binder = prepared(sql)
            return cursor.execute(text, binder(params)).fetchall()
        except apsw.Error as exc:
            self._failed(exc)

    def _failed(self, exc: apsw.Error) -> NoReturn:
        translate(exc)

    def _select(self, shape: Callable[..., Any], sql: str, params: Mapping[str, Value]) -> list[Any]:
        if (sql, shape) in self._known or getattr(shape, "_fields", None) is None:
            return self._rows(sql, params)
        columns: list[str] = []

        def note_columns(cursor: apsw.Cursor, _statement: str, _bindings: object) -> bool:
            # Only here are the names known even when no row comes.
            columns.extend(column[0] for column in cursor.get_description())
            return True

        cursor = self._cursor
        if cursor is not None:
            cursor.exec_trace = note_columns
        try:
            return self._rows(sql, params)
        finally:  # also when it was interrupted: it is then run again elsewhere, where nobody looks at its columns
            if cursor is not None:
                cursor.exec_trace = None
            if columns:
                require_columns(shape, sql, columns)
                self._known.add((sql, shape))

    async def one_or_none(self, shape: Callable[..., T], sql: str, /, **params: Value) -> T | None:
        row = only_row(self._select(shape, sql, params), sql)
        return None if row is None else shape(*row)

    async def all(self, shape: Callable[..., T], sql: str, /, **params: Value) -> list[T]:
        return [shape(*row) for row in self._select(shape, sql, params)]


def _use_log(connection: apsw.Connection, busy_timeout: float) -> None:
    """Turn on write-ahead logging. SQLite does not wait for another process that turns it on in a new file, so this
    does.
    """
    deadline = time.monotonic() + busy_timeout
    while True:
        try:
            connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def connect(path: str, cache_mib: int, busy_timeout: float, vfs: str | None) -> apsw.Connection:
    try:
        connection = apsw.Connection(path, apsw.SQLITE_OPEN_READWRITE, vfs, statementcachesize=_CACHED_STATEMENTS)
        connection.set_busy_timeout(int(busy_timeout * 1000))
        # Without it a join is planned anew for each set of parameters, at ten times the cost of running it.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        _use_log(connection, busy_timeout)
        connection.pragma("synchronous", "full")
        connection.pragma("foreign_keys", True)
        connection.pragma("cache_size", -1024 * cache_mib)
        connection.pragma("temp_store", "memory")
        connection.wal_autocheckpoint(0)  # see `sqlite_log.py`
        connection.set_busy_timeout(0)  # from now on the event loop waits, not SQLite
    except apsw.Error as exc:
        translate(exc)
    return connection
