"""One async interface over two engines (SQLite through apsw, PostgreSQL through asyncpg).

1. `store.read()` gives statements outside a transaction: each sees what is committed when it runs.
2. `store.write()` gives one transaction. Leaving the block normally returns once the transaction is durable; leaving it
   by an exception rolls it back. Nothing but the store is awaited inside the block.
3. SQL is the common subset of both engines, with `:name` parameters.

A store that cannot answer raises `StoreBusy` (nothing was written) or `StoreUnavailable`; no row is `None`. Constraint
violations and programming errors go up as the driver raised them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol, TypeVar

from tenantry.store.migrations import HEAD

T = TypeVar("T")

Value = str | int | bytes | float | None
"""What a parameter may be. Flags are 0/1, times are `Micros`, JSON is text."""


class SchemaOutdated(Exception):
    """The database is absent or its schema is not the one this version needs. The text says what to do."""


class Read(Protocol):
    """Statements that look.

    `shape` is called with the columns in order. If it is a NamedTuple class, the first use checks that the columns are
    named like its fields, and raises TypeError if they are not.
    """

    async def one_or_none(self, shape: Callable[..., T], sql: str, /, **params: Value) -> T | None:
        """The only row, or None. Two rows are a bug of the statement: raises RuntimeError."""
        ...

    async def all(self, shape: Callable[..., T], sql: str, /, **params: Value) -> list[T]:
        """Every row, in the statement's order."""
        ...


class Tx(Read, Protocol):
    """Statements of one transaction; it sees its own writes."""

    async def run(self, sql: str, /, **params: Value) -> int:
        """Number of rows inserted, changed or deleted."""
        ...

    async def run_many(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        """The same statement once for each row of parameters."""
        ...


class Store(Protocol):
    """One database. Lives as long as the app; belongs to the event loop it was opened on."""

    @property
    def engine(self) -> Literal["sqlite", "postgresql"]: ...

    def read(self) -> AbstractAsyncContextManager[Read]: ...

    def write(self) -> AbstractAsyncContextManager[Tx]: ...

    async def close(self) -> None:
        """Finish the running commit and let go of the connections."""
        ...


async def open_store(
    url: str, *, busy_timeout: float = 2.0, statement_timeout: float = 5.0, pool_size: int = 16, cache_mib: int = 64
) -> Store:
    """Open `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://...` and check its schema.

    `busy_timeout`: seconds a block waits for its turn, a lock or a connection before StoreBusy.
    `statement_timeout` (seconds) and `pool_size` are PostgreSQL's, `cache_mib` SQLite's page cache per connection.
    Raises SchemaOutdated, StoreUnavailable, and ValueError for an address of another kind.
    """
    scheme, _, rest = url.partition("://")
    store: Store
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from tenantry.store.sqlite import SqliteStore

        store = SqliteStore(rest[1:], busy_timeout=busy_timeout, cache_mib=cache_mib)
    elif scheme in ("postgresql", "postgres"):
        from tenantry.store.postgres import open_postgres

        store = await open_postgres(
            url, pool_size=pool_size, busy_timeout=busy_timeout, statement_timeout=statement_timeout
        )
    else:
        raise ValueError("The store address must read sqlite:///PATH or postgresql://HOST/DATABASE.")
    try:
        await _require_head(store)
    except BaseException:
        await store.close()
        raise
    return store


async def _require_head(store: Store) -> None:
    """Compare the revision with the one this code was written for, without loading the migration tools."""
    async with store.read() as read:
        if store.engine == "sqlite":
            known = await read.all(str, "SELECT name FROM sqlite_schema WHERE name = 'alembic_version'")
        else:
            known = await read.all(str, "SELECT 1 WHERE to_regclass('alembic_version') IS NOT NULL")
        revision = await read.one_or_none(str, "SELECT version_num FROM alembic_version") if known else None
    if revision != HEAD:
        raise SchemaOutdated(
            f"The database schema is at {revision or 'no revision'}, this version needs {HEAD}. "
            "Run `tenantry db upgrade`, then start again."
        )
