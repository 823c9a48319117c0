"""SQLite, embedded: one connection for the writers, another one for reads, in autocommit, and a few for reads that take
long.

Each commit empties the cache and the memory map of the read connection. The write connection keeps both, since it knows
its own changes: a hot path that writes anyway reads more cheaply while it has the turn (`transact`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import apsw

from tenantry.store.engine.group_commit import Groups
from tenantry.store.engine.interface import LoneTx, SchemaOutdated, Slot, Value
from tenantry.store.engine.slots import QueuedSlot
from tenantry.store.engine.sqlite_long import LongReads
from tenantry.store.engine.sqlite_readers import ReadBlock
from tenantry.store.engine.sqlite_statements import Known, connect
from tenantry.store.engine.sqlite_writers import LoneWriter, WriteBlock

T = TypeVar("T")

_MAPPED_FOR_WRITERS = 2047 * 1024 * 1024
"""The most bytes of the file that SQLite maps into memory: clean pages, which the kernel may drop."""

_MAPPED_FOR_READS = 256 * 1024 * 1024
"""The most bytes that are mapped for reads: they are mapped anew after each commit, but not copied."""

_READ_CACHE_MIB = 4
"""It is small, since each commit empties it, and SQLite walks all it ever held to empty it."""


class SqliteStore:
    """`Store` on one file. Raises SchemaOutdated when the file is absent."""

    engine: Literal["sqlite"] = "sqlite"

    def __init__(
        self, path: str, *, busy_timeout: float, cache_mib: int, statement_timeout: float = 5.0, vfs: str | None = None
    ) -> None:
        if not Path(path).exists():
            raise SchemaOutdated(f"There is no database at {path}. Run `tenantry db upgrade`, then start again.")
        connection = connect(path, cache_mib, busy_timeout, vfs)
        connection.pragma("mmap_size", _MAPPED_FOR_WRITERS)
        self._known: Known = set()
        self._groups = Groups(connection, connect(path, 1, busy_timeout, vfs), busy_timeout)
        self._lone_writer = LoneWriter(self._groups, self._known)
        self._path, self._busy_timeout, self._vfs = path, busy_timeout, vfs
        self._read_connection = self._connect_reader()
        self._long = LongReads(self._connect_reader, statement_timeout)
        self._reader = ReadBlock(self._read_connection, self._known, self._long)

    def _connect_reader(self) -> apsw.Connection:
        connection = connect(self._path, _READ_CACHE_MIB, self._busy_timeout, self._vfs)
        connection.pragma("query_only", True)
        connection.pragma("mmap_size", _MAPPED_FOR_READS)
        return connection

    @property
    def commits(self) -> int:
        """How many groups of writers have become durable."""
        return self._groups.commits

    def read(self) -> ReadBlock:
        return self._reader

    def write(self) -> WriteBlock:
        return WriteBlock(self._groups, self._known)

    def run(self, sql: str, /, **params: Value) -> Coroutine[Any, Any, int]:
        return self._lone_writer.change(sql, params)

    def run_each(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> Coroutine[Any, Any, None]:
        return self._lone_writer.change_each(sql, rows)

    def transact(self, work: Callable[[LoneTx], Awaitable[T]]) -> Coroutine[Any, Any, T]:
        return self._lone_writer.transact(work)

    def queue(self, slot: Slot) -> bool:
        queued = QueuedSlot(self._groups, self._lone_writer, slot)
        self._groups.queue(queued, queued.run)
        return True

    async def close(self) -> None:
        await asyncio.to_thread(self._long.close)
        await self._groups.close()
        self._read_connection.close()
