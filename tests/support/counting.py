"""A store that counts what is asked of it, for the budgets of hot paths."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal, TypeVar

from tenantry.store import Read, Store, Tx, Value

T = TypeVar("T")


@dataclass
class Cost:
    """`looks`: statements outside transactions. `commits`: transactions. `steps`: statements in those."""

    looks: int = 0
    commits: int = 0
    steps: int = 0


class CountingStore:
    """A `Store` that does all that the wrapped one does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cost = Cost()

    @property
    def engine(self) -> Literal["sqlite", "postgresql"]:
        return self._store.engine

    @contextmanager
    def counting(self) -> Iterator[Cost]:
        """What is asked of the store inside the block."""
        self._cost = Cost()
        yield self._cost

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Read]:
        async with self._store.read() as read:
            yield _CountingRead(read, self._look)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        async with self._store.write() as tx:
            yield _CountingTx(tx, self._step)
        self._cost.commits += 1

    async def run(self, sql: str, /, **params: Value) -> int:
        self._step()
        changed = await self._store.run(sql, **params)
        self._cost.commits += 1
        return changed

    async def close(self) -> None:
        await self._store.close()

    def _look(self) -> None:
        self._cost.looks += 1

    def _step(self) -> None:
        self._cost.steps += 1


class _CountingRead:
    def __init__(self, read: Read, count: Callable[[], None]) -> None:
        self._read = read
        self._count = count

    async def one_or_none(self, shape: Callable[..., T], sql: str, /, **params: Value) -> T | None:
        self._count()
        return await self._read.one_or_none(shape, sql, **params)

    async def all(self, shape: Callable[..., T], sql: str, /, **params: Value) -> list[T]:
        self._count()
        return await self._read.all(shape, sql, **params)


class _CountingTx(_CountingRead):
    def __init__(self, tx: Tx, count: Callable[[], None]) -> None:
        super().__init__(tx, count)
        self._tx = tx

    async def run(self, sql: str, /, **params: Value) -> int:
        self._count()
        return await self._tx.run(sql, **params)

    async def run_many(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        self._count()
        await self._tx.run_many(sql, rows)
