"""Whether the store answers, and how its engine is set up. It reads no table of ours."""

from __future__ import annotations

from typing import NamedTuple

from tenantry.store.engine.interface import Read


class PostgresSettings(NamedTuple):
    """What of PostgreSQL's settings decides whether answers are kept. Words as PostgreSQL says them."""

    version: str
    fsync: str
    synchronous_commit: str
    full_page_writes: str
    max_connections: int


async def ping(read: Read) -> None:
    """Ask the store for an answer. Raises StoreBusy or StoreUnavailable."""
    await read.one_or_none(int, "SELECT 1")


async def count_others(read: Read) -> int:
    """How many other connections of Tenantry the database has; those of other programs do no harm. PostgreSQL only."""
    [found] = await read.all(
        int,
        """
        SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'tenantry' AND pid <> pg_backend_pid()
        """,
    )
    return found


async def read_postgres_settings(read: Read) -> PostgresSettings | None:
    """Read the version of PostgreSQL and its settings that decide whether a commit lasts. Not for SQLite."""
    return await read.one_or_none(
        PostgresSettings,
        """
        SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
               current_setting('synchronous_commit') AS synchronous_commit,
               current_setting('full_page_writes') AS full_page_writes,
               CAST(current_setting('max_connections') AS INTEGER) AS max_connections
        """,
    )
