"""Opens the store that an address names, when it has the schema for which this version was written."""

from __future__ import annotations

from tenantry.store.engine.interface import SchemaOutdated, Store
from tenantry.store.migrations import HEAD, advice


async def open_store(
    url: str, *, busy_timeout: float = 2.0, statement_timeout: float = 5.0, pool_size: int = 16, cache_mib: int = 8
) -> Store:
    """Open `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://...` and check its schema.

    `busy_timeout`: seconds a block waits for its turn, a lock or a connection before StoreBusy.
    `statement_timeout`: seconds before a read (on PostgreSQL any statement) is given up, which is StoreBusy for who
    asked. `pool_size` is PostgreSQL's, `cache_mib` SQLite's cache of what writers change: what they only look at is
    mapped, and a large cache is memory that is never warm.
    Raises SchemaOutdated, StoreUnavailable, and ValueError for an address of another kind.
    """
    scheme, _, rest = url.partition("://")
    store: Store
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from tenantry.store.engine.sqlite import SqliteStore

        store = SqliteStore(
            rest[1:], busy_timeout=busy_timeout, statement_timeout=statement_timeout, cache_mib=cache_mib
        )
    elif scheme in ("postgresql", "postgres"):
        from tenantry.store.engine.postgres import open_postgres

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
        raise SchemaOutdated(advice(revision))
