"""What one test did to a PostgreSQL database, the next one does not see."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from tests.support.databases import Databases
from tests.support.postgres import PostgresServer


async def run(url: str, *statements: str) -> list[str]:
    """The ids of the tenants after the statements."""
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    found = [row["id"] for row in await connection.fetch("SELECT id FROM tenants")]
    await connection.close()
    return found


def test_a_database_comes_back_empty_and_rows_lie_in_their_order(
    postgres_server: PostgresServer, postgres_databases: Databases
) -> None:
    name = postgres_databases.take()
    url = postgres_server.url(name)
    fill = "INSERT INTO tenants (id, name, created_at) SELECT n::text, 'x', 1 FROM generate_series(1, 2000) AS n"
    for _ in range(2):
        assert asyncio.run(run(url, fill)) == [str(n) for n in range(1, 2001)]
        postgres_databases.give_back(name)
        assert postgres_databases.take() == name
        assert asyncio.run(run(url)) == []
    postgres_databases.give_back(name)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE tenants ADD COLUMN stray TEXT",
        "ALTER TABLE tenants DROP COLUMN name",
        "CREATE INDEX stray ON users (user_principal_name)",
        "CREATE TABLE stray (id TEXT)",
        "DROP TABLE audit_events CASCADE",
        "UPDATE alembic_version SET version_num = 'another'",
    ],
)
def test_a_database_with_a_changed_schema_is_not_lent_again(
    postgres_server: PostgresServer, postgres_databases: Databases, change: str
) -> None:
    name = postgres_databases.take()
    asyncio.run(run(postgres_server.url(name), change))
    postgres_databases.give_back(name)
    another = postgres_databases.take()
    assert another != name
    postgres_databases.give_back(another)


def test_who_is_still_connected_is_cut_and_what_was_open_is_undone(
    postgres_server: PostgresServer, postgres_databases: Databases
) -> None:
    name = postgres_databases.take()

    async def forget_a_transaction() -> asyncpg.Connection:
        connection = await asyncpg.connect(postgres_server.url(name))
        await connection.execute("BEGIN; INSERT INTO tenants (id, name, created_at) VALUES ('a', 'a', 1)")
        return connection

    with asyncio.Runner() as runner:
        forgotten = runner.run(forget_a_transaction())
        postgres_databases.give_back(name)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            runner.run(forgotten.execute("COMMIT"))
    assert postgres_databases.take() == name
    assert asyncio.run(run(postgres_server.url(name))) == []
    postgres_databases.give_back(name)
