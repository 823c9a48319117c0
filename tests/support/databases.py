"""PostgreSQL databases on loan: emptied after each test and lent again, since making one costs fifty times as much."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple, TypeVar

import asyncpg

from tests.support.postgres import PostgresServer

T = TypeVar("T")

TEMPLATE = "tenantry_template"

_CUT_OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_USED_TABLES = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
      AND pg_relation_size(oid) > 0
"""
# Changes with any column, index, table or revision: the newest transaction that wrote a row of the catalogue.
_SCHEMA = """
    SELECT ROW(count(*), max(xmin::text::bigint), (SELECT string_agg(version_num, ' ') FROM alembic_version))::text
    FROM pg_attribute
"""


class _Database(NamedTuple):
    name: str
    keeper: Any  # a superuser's connection, kept for the emptying
    schema: str


class Databases:
    """Call it outside of event loops: it has one of its own, which runs only while a method does."""

    def __init__(self, server: PostgresServer) -> None:
        """The template must be there, with its schema."""
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._free: list[_Database] = []
        self._lent: dict[str, _Database] = {}
        self._made = 0

    def take(self) -> str:
        """The name of a database with the schema and no rows."""
        database = self._free.pop() if self._free else self._run(self._make())
        self._lent[database.name] = database
        return database.name

    def give_back(self, name: str) -> None:
        """Cut what is still connected. A database whose schema or own connection suffered is not lent again."""
        database = self._lent.pop(name)
        if self._run(self._empty(database)):
            self._free.append(database)
        else:
            self._run(self._discard(database))

    def close(self) -> None:
        for database in (*self._free, *self._lent.values()):
            database.keeper.terminate()
        self._run(asyncio.sleep(0))
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    async def _make(self) -> _Database:
        self._made += 1
        name = f"test_{self._made}"
        await self._server.create_database(name, template=TEMPLATE)
        keeper = await asyncpg.connect(
            self._server.url(name), server_settings={"session_replication_role": "replica"}
        )  # foreign keys do not mind in which order rows go
        return _Database(name, keeper, await keeper.fetchval(_SCHEMA))

    async def _empty(self, database: _Database) -> bool:
        """Leaves files of no length, so that rows come to lie as in a new database. False if it is not as new."""
        keeper = database.keeper
        try:
            while await keeper.fetchval(_CUT_OTHERS):
                pass  # what is cut is listed until its process is gone
            tables = [f'"{row[0]}"' for row in await keeper.fetch(_USED_TABLES)]
            if tables:
                await keeper.execute(";".join(f"DELETE FROM {table}" for table in tables))
                await keeper.execute(f"VACUUM (SKIP_DATABASE_STATS) {', '.join(tables)}")
            as_new = not await keeper.fetch(_USED_TABLES) and await keeper.fetchval(_SCHEMA) == database.schema
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return as_new

    async def _discard(self, database: _Database) -> None:
        database.keeper.terminate()
        await self._server.drop_database(database.name)
