"""Fail every write once: wrap a store so that its n-th step in write blocks fails, and loop until none is left to fail.

for n in itertools.count(1):
    faulty = FaultyStore(store, fail_at=n)
    try:
        await work(faulty)
    except InjectedFault:
        ...  # nothing half-done was kept; the same work on faulty.healed() succeeds
    else:
        break
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal, TypeVar

from tenantry.store import Read, Store, Tx, Value

T = TypeVar("T")


class InjectedFault(Exception):
    """Outside the family of domain errors, as a bug or a crash would be."""


class FaultyStore:
    """A `Store` whose `fail_at`-th step raises InjectedFault, before it is carried out.

    Each statement of a write block is a step, and so is each commit. `steps` counts them; reads are not counted.
    """

    def __init__(self, store: Store, *, fail_at: int) -> None:
        self._store = store
        self._fail_at = fail_at
        self.steps = 0

    @property
    def engine(self) -> Literal["sqlite", "postgresql"]:
        return self._store.engine

    def healed(self) -> Store:
        """The store itself, where nothing fails."""
        return self._store

    def read(self) -> AbstractAsyncContextManager[Read]:
        return self._store.read()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        async with self._store.write() as tx:
            yield _FaultyTx(tx, self.step)
            self.step()

    async def run(self, sql: str, /, **params: Value) -> int:
        self.step()
        return await self._store.run(sql, **params)

    def step(self) -> None:
        self.steps += 1
        if self.steps == self._fail_at:
            raise InjectedFault(f"step {self.steps}")

    async def close(self) -> None:
        await self._store.close()


class _FaultyTx:
    def __init__(self, tx: Tx, step: Callable[[], None]) -> None:
        self._tx = tx
        self._step = step

    async def one_or_none(self, shape: Callable[..., T], sql: str, /, **params: Value) -> T | None:
        self._step()
        return await self._tx.one_or_none(shape, sql, **params)

    async def all(self, shape: Callable[..., T], sql: str, /, **params: Value) -> list[T]:
        self._step()
        return await self._tx.all(shape, sql, **params)

    async def run(self, sql: str, /, **params: Value) -> int:
        self._step()
        return await self._tx.run(sql, **params)

    async def run_many(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        self._step()
        await self._tx.run_many(sql, rows)
