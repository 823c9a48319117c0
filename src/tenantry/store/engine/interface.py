"""One async interface over two engines (SQLite through apsw, PostgreSQL through asyncpg).

1. `store.read()` gives statements outside a transaction: each sees what is committed when it runs.
2. `store.write()` gives one transaction. Leaving the block normally returns once the transaction is durable; leaving it
   by an exception rolls it back. Nothing but the store is awaited inside the block.
3. SQL is the common subset of both engines, with `:name` parameters.

A store that cannot answer raises `StoreBusy` (nothing was written) or `StoreUnavailable`; no row is `None`. Constraint
violations and programming errors go up as the driver raised them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol, TypeVar

T = TypeVar("T")

Value = str | int | bytes | float | None
"""What a parameter may be. Flags are 0/1, times are `Micros`, JSON is text."""


SECOND_CHANGE = "Such a transaction changes once: use a write block."


class SchemaOutdated(Exception):
    """The database is absent or its schema is not the one this version needs. The text says what to do."""


class Read(Protocol):
    """Statements that only read.

    `shape` is called with the columns in order. If it is a NamedTuple class, the first use checks that the columns are
    named like its fields, and raises TypeError if they are not.
    """

    async def one_or_none(self, shape: Callable[..., T], sql: str, /, **params: Value) -> T | None:
        """The only row, or None. Two rows are a bug of the statement: raises RuntimeError."""
        ...

    async def all(self, shape: Callable[..., T], sql: str, /, **params: Value) -> list[T]:
        """Every row, in the statement's order."""
        ...


class Writes(Protocol):
    """Statements that change rows, in a transaction or each by itself."""

    async def run(self, sql: str, /, **params: Value) -> int:
        """Run the statement. Answers how many rows it inserted, changed or deleted."""
        ...


class LoneTx(Read, Writes, Protocol):
    """Reads of one transaction and, as its last statement, at most one write: a second write raises RuntimeError."""


class Tx(Read, Writes, Protocol):
    """Statements of one transaction; it sees its own writes."""

    async def run_many(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        """Run the same statement once for each of these rows of parameters."""
        ...


class Slot(Protocol):
    """A transaction of a hot path, whose outcome an object is told: there is no task that waits for it.

    Exactly one of `keep`, `give_up` and `fail` is called, last of all. They raise nothing, nor does `prepare`.
    """

    async def work(self, tx: LoneTx) -> bool:
        """What is done in the transaction, as `Store.transact` runs it. False: nothing was written, nothing is kept."""
        ...

    def prepare(self) -> None:
        """Called while the commit runs, for what may be thrown away if that fails."""
        ...

    def keep(self) -> None:
        """It is durable."""
        ...

    def give_up(self) -> None:
        """`work` answered False, or could not be run at once. What is wanted must be done in another way."""
        ...

    def fail(self, error: BaseException) -> None:
        """Nothing of it is kept: StoreBusy, StoreUnavailable, or what `work` raised."""
        ...


class Store(Writes, Protocol):
    """One database. It lives as long as the application, and belongs to the event loop in which it was opened.

    `run` is a transaction of one statement: what it changed is durable when it returns.
    """

    @property
    def engine(self) -> Literal["sqlite", "postgresql"]: ...

    def read(self) -> AbstractAsyncContextManager[Read]: ...

    def write(self) -> AbstractAsyncContextManager[Tx]: ...

    async def run_each(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        """Run the same statement for each row of parameters, each in a transaction of its own, so that none waits for
        another's lock.

        When one fails, nobody is told which of the others were carried out. It raises StoreBusy only when no other
        failure came.
        """
        ...

    async def transact(self, work: Callable[[LoneTx], Awaitable[T]]) -> T:
        """Run `work` as a transaction; return its answer once all that it read and wrote is durable.

        `work` awaits nothing but its statements, and raises nothing after its write. Cheaper than a block: it
        runs as soon as the writers' turn is free, without waking the waiting task first; on PostgreSQL it needs no
        BEGIN.
        """
        ...

    def queue(self, slot: Slot) -> bool:
        """Take a slot in, to be run in a later turn of the event loop. False: this engine takes none."""
        ...

    async def close(self) -> None:
        """Finish the running commit and let go of the connections."""
        ...
