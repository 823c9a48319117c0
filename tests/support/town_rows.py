"""A town as rows: made once in a run, since that takes a second, and put into the database of each test that asks."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any, NamedTuple

import asyncpg

from tenantry.store import Store, open_store
from tenantry.store.schema import metadata
from tests.support.town import Town, a_town


class TownRows(NamedTuple):
    """What the town's things are called, and the rows of each table."""

    town: Town
    rows: dict[str, list[tuple[Any, ...]]]


async def build_once(url: str) -> TownRows:
    """In a database with the schema and no rows. Both engines hold texts, whole numbers and bytes, and no more."""
    store = await open_store(url)
    town = await a_town(store)
    rows = await read_rows(store)
    await store.close()
    return TownRows(town, rows)


async def read_rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Of every table."""
    async with store.read() as read:
        return {
            table.name: await read.all(lambda *row: row, f"SELECT {_columns(table)} FROM {table.name}")
            for table in metadata.sorted_tables
        }


async def fill(url: str, town: TownRows) -> None:
    """The database has the schema and none of these rows. Foreign keys do not mind in which order rows come."""
    if url.startswith("sqlite"):
        _fill_sqlite(url.removeprefix("sqlite:///"), town)
    else:
        await _fill_postgres(url, town)


def _fill_sqlite(path: str, town: TownRows) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for table in metadata.sorted_tables:
            places = ", ".join("?" * len(table.columns))
            connection.executemany(
                f"INSERT INTO {table.name} ({_columns(table)}) VALUES ({places})", town.rows[table.name]
            )


async def _fill_postgres(url: str, town: TownRows) -> None:
    connection = await asyncpg.connect(url, server_settings={"session_replication_role": "replica"})
    try:
        for table in metadata.sorted_tables:
            if town.rows[table.name]:
                await connection.copy_records_to_table(
                    table.name, records=town.rows[table.name], columns=table.columns.keys()
                )
    finally:
        await connection.close()


def _columns(table: Any) -> str:
    return ", ".join(table.columns.keys())
