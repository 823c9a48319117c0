"""A store that tells of what is asked of it, and otherwise does what the wrapped one does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal, TypeVar

from tenantry.store import LoneTx, Read, Store, Tx, Value
from tenantry.store.engine.interface import Slot

T = TypeVar("T")


class WrappedStore:
    """A `Store`. Override what is to be told; what a method raises, the caller of the store gets."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def looking(self) -> None:
        """Before each statement outside transactions."""

    def stepping(self) -> None:
        """Before each statement of a transaction."""

    def committing(self) -> None:
        """At the end of a write block, before it is durable."""

    def committed(self) -> None:
        """A transaction is durable."""

    @property
    def engine(self) -> Literal["sqlite", "postgresql"]:
        return self._store.engine

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Read]:
        async with self._store.read() as read:
            yield _WrappedRead(read, self.looking)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        async with self._store.write() as tx:
            yield _WrappedTx(tx, self.stepping)
            self.committing()
        self.committed()

    async def run(self, sql: str, /, **params: Value) -> int:
        self.stepping()
        changed = await self._store.run(sql, **params)
        self.committed()
        return changed

    async def run_each(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        self.stepping()
        await self._store.run_each(sql, rows)
        self.committed()

    async def transact(self, work: Callable[[LoneTx], Awaitable[T]]) -> T:
        answer = await self._store.transact(lambda tx: work(_WrappedLoneTx(tx, self.stepping)))
        self.committed()
        return answer

    def queue(self, _slot: Slot) -> bool:
        return False

    async def close(self) -> None:
        await self._store.close()


class _WrappedRead:
    def __init__(self, read: Read, tell: Callable[[], None]) -> None:
        self._read = read
        self._tell = tell

    async def one_or_none(self, shape: Callable[..., T], sql: str, /, **params: Value) -> T | None:
        self._tell()
        return await self._read.one_or_none(shape, sql, **params)

    async def all(self, shape: Callable[..., T], sql: str, /, **params: Value) -> list[T]:
        self._tell()
        return await self._read.all(shape, sql, **params)


class _WrappedLoneTx(_WrappedRead):
    def __init__(self, tx: LoneTx, tell: Callable[[], None]) -> None:
        super().__init__(tx, tell)
        self._lone = tx

    async def run(self, sql: str, /, **params: Value) -> int:
        self._tell()
        return await self._lone.run(sql, **params)


class _WrappedTx(_WrappedLoneTx):
    def __init__(self, tx: Tx, tell: Callable[[], None]) -> None:
        super().__init__(tx, tell)
        self._tx = tx

    async def run_many(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        self._tell()
        await self._tx.run_many(sql, rows)
