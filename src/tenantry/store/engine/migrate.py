"""Brings a database to the schema of this version, or says which schema it has. A normal start does not load this
module.

A migration runs in one transaction on both engines, so that it is carried out as a whole or not at all. A new SQLite
file needs no migration, since new_sqlite.py makes it. The functions are for a process that has no store open on the
same file and no running event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from tenantry.core.errors import StoreUnavailable
from tenantry.store import migrations
from tenantry.store.engine.interface import SchemaOutdated
from tenantry.store.engine.new_sqlite import create_tables
from tenantry.store.engine.statistics import write_statistics

T = TypeVar("T")


class SchemaState(NamedTuple):
    """`revision` is None in a database that has no schema yet, and for a SQLite file that does not exist."""

    revision: str | None
    head: str

    @property
    def is_current(self) -> bool:
        return self.revision == self.head


def upgrade(url: str) -> None:
    """Create or change the tables up to HEAD; does nothing when they are there.

    Raises SchemaOutdated when a later version made them, StoreBusy, StoreUnavailable.
    A SQLite file is made when absent, readable by its owner only. On Citus: run it against the coordinator.
    """
    path = _sqlite_path(url)
    if path is None or not create_tables(path):
        run_migrations(url)


def run_migrations(url: str) -> None:
    """Run the migrations that the database has not had yet, one after the other. Raises SchemaOutdated,
    StoreUnavailable.
    """
    _on_connection(url, _upgrade)


def check(url: str) -> SchemaState:
    """Which schema the database has; changes nothing. Raises StoreUnavailable."""
    path = _sqlite_path(url)
    if path is not None and not path.exists():
        return SchemaState(None, migrations.HEAD)
    return SchemaState(_on_connection(url, _revision), migrations.HEAD)


def config_for(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration; `migrations/env.py` works on the connection given here."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: sa.Connection) -> None:
    revision = _revision(connection)
    if migrations.is_newer(revision) or migrations.is_too_old(revision):
        raise SchemaOutdated(migrations.advice(revision))
    if revision == migrations.BEFORE_RELEASE:
        command.stamp(config_for(connection), migrations.FIRST, purge=True)
    command.upgrade(config_for(connection), "head")
    if connection.dialect.name == "sqlite":
        write_statistics(connection)


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _sqlite_path(url: str) -> Path | None:
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _on_connection(url: str, work: Callable[[sa.Connection], T]) -> T:
    path = _sqlite_path(url)
    try:
        return _on_sqlite(path, work) if path is not None else asyncio.run(_on_postgres(url, work))
    except (OSError, sa.exc.OperationalError, sa.exc.InterfaceError) as exc:
        raise StoreUnavailable(internal=str(exc)) from exc


def _on_sqlite(path: Path, work: Callable[[sa.Connection], T]) -> T:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), poolclass=sa.NullPool, connect_args={"isolation_level": None}
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        connection.cursor().execute("PRAGMA journal_mode = wal")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver's own BEGIN would leave DDL outside

    with engine.begin() as connection:
        return work(connection)


async def _on_postgres(url: str, work: Callable[[sa.Connection], T]) -> T:
    from sqlalchemy.ext.asyncio import create_async_engine  # costs a tenth of a second, which SQLite need not pay

    address = sa.make_url(url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(address, poolclass=sa.NullPool)
    async with engine.begin() as connection:
        return await connection.run_sync(work)
