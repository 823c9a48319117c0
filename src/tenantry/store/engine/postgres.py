"""PostgreSQL (and Citus on it) through an asyncpg pool: each write block is one READ COMMITTED transaction.

A block takes its connection with its first statement, and a tenant's blocks take at most the tenant's share of the
pool, so that what one tenant asks for at once keeps no other out. Statements outside of blocks, which are the hot ones,
use what the blocks leave free.

A connection goes back to the pool without asyncpg's reset query, which would cost a round trip. That is safe, since no
session state is ever changed here and asyncpg itself rolls back a transaction that was left open. An error at COMMIT
means that the outcome is unknown, not that nothing was written: it may never be retried blindly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, NoReturn, Self, TypeVar

import asyncpg

from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.store.engine.dialect import only_row, require_columns, to_positional
from tenantry.store.engine.interface import SECOND_CHANGE, LoneTx, Slot, Value
from tenantry.store.engine.shares import NOBODY, Shares

T = TypeVar("T")

_BUSY = ("55P03", "57014", "40P01", "40001", "53300")
_BROKEN = ("08", "53", "57", "58", "XX")
_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_CACHED_STATEMENTS = 512


async def open_postgres(url: str, *, pool_size: int, busy_timeout: float, statement_timeout: float) -> PostgresStore:
    """Connect to the server. Raises StoreUnavailable when it cannot be reached."""
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=pool_size,
            timeout=busy_timeout,
            reset=_no_reset,
            max_inactive_connection_lifetime=300,
            statement_cache_size=_CACHED_STATEMENTS,
            max_cached_statement_lifetime=0,
            server_settings={
                "application_name": "tenantry",
                "statement_timeout": str(int(statement_timeout * 1000)),
                "idle_in_transaction_session_timeout": str(int(2 * statement_timeout * 1000)),
                "default_transaction_isolation": "read committed",
                "jit": "off",
            },
        )
    except _ERRORS as exc:
        raise StoreUnavailable(internal=f"cannot connect to PostgreSQL: {exc}") from exc
    return PostgresStore(pool, pool_size, busy_timeout)


async def _no_reset(_connection: object) -> None:
    return None


def _translate(exc: BaseException, connection: Any, doing: str) -> NoReturn:
    """Raise StoreBusy or StoreUnavailable for a server that cannot serve; anything else goes up untouched."""
    state = getattr(exc, "sqlstate", None) or ""
    text = f"{doing}: {type(exc).__name__} {state} {exc}"
    if state in _BUSY:
        raise StoreBusy(internal=text) from exc
    lost = isinstance(exc, OSError | asyncpg.InternalClientError) or (
        isinstance(exc, asyncpg.InterfaceError) and _is_lost(connection)
    )
    if state[:2] in _BROKEN or lost:
        raise StoreUnavailable(internal=text) from exc
    raise exc


def _is_lost(connection: Any) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool has already let go of it
        return True


class _Block:
    """One connection, from the first statement to the end of the block. Each statement sees what is committed when it
    runs.
    """

    __slots__ = ("_connection", "_has_ended", "_owner", "_store")

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._connection: Any = None
        self._owner: str | None = None
        self._has_ended = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._release()

    async def _take_share(self, params: Mapping[str, Value]) -> None:
        """Wait for the share of the block's tenant, which is that of its first statement."""
        owner = str(params.get("tenant_id") or NOBODY)
        await self._store._shares.take(owner)
        self._owner = owner

    async def _acquire(self) -> None:
        try:
            self._connection = await self._store._pool.acquire(timeout=self._store._busy_timeout)
        except TimeoutError as exc:
            raise StoreBusy(internal="waited too long for a connection") from exc
        except _ERRORS as exc:
            raise StoreUnavailable(internal=f"cannot connect to PostgreSQL: {exc}") from exc

    async def _release(self) -> None:
        self._has_ended = True
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                await self._store._pool.release(connection)
        finally:
            owner, self._owner = self._owner, None
            if owner is not None:
                self._store._shares.give(owner)

    async def _begin(self, params: Mapping[str, Value]) -> None:
        """Before the first statement."""
        if self._has_ended:
            raise RuntimeError("The block has ended.")
        await self._take_share(params)
        await self._acquire()

    async def _rows(self, shape: Callable[..., Any], sql: str, params: Mapping[str, Value]) -> list[Any]:
        if self._connection is None:
            await self._begin(params)
        connection = self._connection
        statement, names = to_positional(sql)
        try:
            if getattr(shape, "_fields", None) is not None and (sql, shape) not in self._store._known:
                prepared = await connection.prepare(statement)
                require_columns(shape, sql, [column.name for column in prepared.get_attributes()])
                self._store._known.add((sql, shape))
            rows: list[Any] = await connection.fetch(statement, *[params[name] for name in names])
        except _ERRORS as exc:
            _translate(exc, connection, "statement")
        return rows

    async def one_or_none(self, shape: Callable[..., T], sql: str, /, **params: Value) -> T | None:
        row = only_row(await self._rows(shape, sql, params), sql)
        return None if row is None else shape(*row)

    async def all(self, shape: Callable[..., T], sql: str, /, **params: Value) -> list[T]:
        return [shape(*row) for row in await self._rows(shape, sql, params)]


class _ChangingBlock(_Block):
    __slots__ = ()

    async def _change(self, sql: str, params: Mapping[str, Value]) -> int:
        if self._connection is None:
            await self._begin(params)
        connection = self._connection
        statement, names = to_positional(sql)
        try:
            status = await connection.execute(statement, *[params[name] for name in names])
        except _ERRORS as exc:
            _translate(exc, connection, "statement")
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0


class _LoneBlock(_ChangingBlock):
    """Statements that commit each by itself. Hot paths run here, so that a connection is taken without a share."""

    __slots__ = ("_has_changed",)

    def __init__(self, store: PostgresStore) -> None:
        super().__init__(store)
        self._has_changed = False

    async def __aenter__(self) -> Self:
        await self._acquire()
        return self

    async def run(self, sql: str, /, **params: Value) -> int:
        if self._has_changed:
            raise RuntimeError(SECOND_CHANGE)
        self._has_changed = True
        return await self._change(sql, params)


class _WriteBlock(_ChangingBlock):
    __slots__ = ()

    async def run(self, sql: str, /, **params: Value) -> int:
        return await self._change(sql, params)

    async def run_many(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        if self._connection is None:
            await self._begin(rows[0] if rows else {})
        connection = self._connection
        statement, names = to_positional(sql)
        try:
            await connection.executemany(statement, [[row[name] for name in names] for row in rows])
        except _ERRORS as exc:
            _translate(exc, connection, "statement")

    async def _begin(self, params: Mapping[str, Value]) -> None:
        await super()._begin(params)
        connection = self._connection
        try:
            await connection.execute("BEGIN")
        except BaseException as exc:
            self._connection = None  # BEGIN failed, so there is no transaction to end
            await self._store._pool.release(connection)
            if isinstance(exc, _ERRORS):
                _translate(exc, connection, "BEGIN")
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._connection is None:  # no statement was run
                return
            if kind is None:
                await self._commit()
            else:
                # A connection that cannot roll back is lost, and its transaction with it.
                with suppress(*_ERRORS):
                    await self._connection.execute("ROLLBACK")
        finally:
            await self._release()

    async def _commit(self) -> None:
        """Raises StoreBusy when nothing was written, StoreUnavailable when that is not known.

        A killed server answers XX000, 08xxx or 57P01 here, for transactions that it kept and for those it did not.
        """
        try:
            status = await self._connection.execute("COMMIT")
        except _ERRORS as exc:
            state = getattr(exc, "sqlstate", None) or ""
            if state in ("40001", "40P01"):
                raise StoreBusy(internal=f"COMMIT refused: {exc}") from exc
            if state[:2] == "23":
                raise
            raise StoreUnavailable(internal=f"outcome unknown: error at COMMIT: {state} {exc}") from exc
        if status != "COMMIT":
            raise RuntimeError("A failed statement was caught inside the write block; PostgreSQL kept nothing of it.")


class PostgresStore:
    """`Store` on one database."""

    engine: Literal["postgresql"] = "postgresql"

    def __init__(self, pool: Any, size: int, busy_timeout: float) -> None:
        self._pool = pool
        self._busy_timeout = busy_timeout
        self._shares = Shares(max(1, size - max(1, size // 5)), max(1, size // 2), busy_timeout)
        self._known: set[tuple[str, Callable[..., Any]]] = set()

    def read(self) -> _Block:
        return _Block(self)

    def write(self) -> _WriteBlock:
        return _WriteBlock(self)

    async def run(self, sql: str, /, **params: Value) -> int:
        """Run the statement, in one round trip; it commits by itself. Raises StoreUnavailable when the outcome is not
        known.
        """
        return await self._change(sql, params)

    async def run_each(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        outcomes = await asyncio.gather(*(self._change(sql, row) for row in rows), return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        # StoreBusy last, as it says least.
        for failure in sorted(failures, key=lambda failure: isinstance(failure, StoreBusy)):
            raise failure

    async def transact(self, work: Callable[[LoneTx], Awaitable[T]]) -> T:
        """Run `work` with a round trip for each statement. They are in no block: READ COMMITTED would not let the last
        statement see more of what others committed.
        """
        async with _LoneBlock(self) as block:
            return await work(block)

    async def _change(self, sql: str, params: Mapping[str, Value]) -> int:
        async with _LoneBlock(self) as block:
            return await block._change(sql, params)

    def queue(self, _slot: Slot) -> bool:
        return False

    async def close(self) -> None:
        """Wait for the blocks that run. What still runs after the busy timeout is cut off."""
        try:
            await asyncio.wait_for(self._pool.close(), self._busy_timeout)
        except TimeoutError:
            self._pool.terminate()
