"""The migrations lead to the tables of `schema/`, on each engine, and a start knows where it stands."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from tenantry.core.errors import StoreUnavailable
from tenantry.store import migrations
from tenantry.store.engine import migrate
from tenantry.store.engine.interface import SchemaOutdated
from tenantry.store.migrations import HEAD
from tenantry.store.schema import metadata
from tests.support.postgres import PostgresServer


def differences(connection: sa.Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_head_is_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(migrate.config_for()).get_heads() == [HEAD]


def test_the_migrations_make_the_tables_of_the_schema_on_sqlite(sqlite_template: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_template}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert differences(connection) == []


def test_tables_are_without_row_ids_where_the_schema_says_so(sqlite_template: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_template}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        kinds = connection.exec_driver_sql("SELECT name, wr FROM pragma_table_list").all()
    without = {name for name, is_without in kinds if is_without}
    assert without == {
        table.name for table in metadata.tables.values() if not table.dialect_options["sqlite"]["with_rowid"]
    }
    assert {"users", "refresh_tokens"} <= without


async def test_the_migrations_make_the_tables_of_the_schema_on_postgresql(postgres_url: str) -> None:
    engine = create_async_engine(sa.make_url(postgres_url).set(drivername="postgresql+asyncpg"), poolclass=sa.NullPool)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


def test_a_table_that_differs_is_noticed(tmp_path: Path) -> None:
    migrate.upgrade(f"sqlite:///{tmp_path / 'a.db'}")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a.db'}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tenants ADD COLUMN stray TEXT")
        assert len(differences(connection)) == 1


def test_upgrade_is_repeatable_and_check_tells_the_revision(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    assert migrate.check(url) == (None, HEAD)
    assert not (tmp_path / "a.db").exists()
    for _ in range(2):
        migrate.upgrade(url)
        assert migrate.check(url) == (HEAD, HEAD)
        assert migrate.check(url).is_current
    assert stat.S_IMODE((tmp_path / "a.db").stat().st_mode) == 0o600


def test_a_failed_upgrade_leaves_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE grants (in_the_way TEXT)")
    with pytest.raises(StoreUnavailable, match="already exists"):
        migrate.upgrade(url)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["grants"]


def test_upgrade_and_check_work_on_postgresql(postgres_server: PostgresServer) -> None:
    asyncio.run(postgres_server.create_database("upgraded"))
    url = postgres_server.url("upgraded")
    assert migrate.check(url) == (None, HEAD)
    migrate.upgrade(url)
    assert migrate.check(url).is_current
    asyncio.run(postgres_server.drop_database("upgraded"))


def test_a_server_that_cannot_be_reached_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        migrate.check("postgresql://postgres@127.0.0.1:1/none")


def test_a_normal_start_loads_no_migration_tools() -> None:
    code = "import sys, tenantry.store.engine.sqlite, tenantry.store.engine.postgres; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "tenantry.store.engine.sqlite" in loaded
    assert not {"sqlalchemy", "alembic", "tenantry.store.schema"} & set(loaded)


@pytest.mark.parametrize("revision", [migrations.BEFORE_RELEASE, migrations.FIRST])
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_database_of_the_last_build_before_the_release_or_of_an_earlier_one_goes_on_with_all_that_is_in_it(
    engine: str, revision: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    server: PostgresServer | None = request.getfixturevalue("postgres_server") if engine == "postgresql" else None
    if server is not None:
        asyncio.run(server.create_database("in_use"))
        url = server.url("in_use")
    migrate._on_connection(url, make_first_tables)
    migrate._on_connection(url, partial(name_revision, revision=revision))
    assert not migrate.check(url).is_current
    migrate.upgrade(url)
    assert migrate.check(url).is_current
    assert migrate._on_connection(url, differences) == []
    assert migrate._on_connection(url, names_of_tenants) == ["T"]
    assert migrate._on_connection(url, sign_ins_of_grants) == [(None, None)], "an app of before gets what it got"
    assert migrate._on_connection(url, sign_ins_of_codes) == [(2, "openid"), (None, None)]
    if server is not None:
        asyncio.run(server.drop_database("in_use"))


@pytest.mark.parametrize("revision", ["0001", "0012", "0024", "9999"])
def test_a_database_of_an_earlier_build_is_left_as_it_is_and_the_advice_says_what_to_run(
    revision: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate.upgrade(url)
    migrate._on_connection(url, partial(name_revision, revision=revision))
    with pytest.raises(SchemaOutdated, match=f"which leads to {migrations.BEFORE_RELEASE}"):
        migrate.upgrade(url)
    assert migrate.check(url).revision == revision


def make_first_tables(connection: sa.Connection) -> None:
    """Those of the first release, with a grant and two codes, of which one is to give an ID token."""
    command.upgrade(migrate.config_for(connection), migrations.FIRST)
    connection.exec_driver_sql("INSERT INTO tenants (id, name, created_at) VALUES ('t', 'T', 1)")
    connection.exec_driver_sql(
        "INSERT INTO grants (tenant_id, id, connector_id, user_id, reach, permissions, amr, created_at, expires_at) "
        "VALUES ('t', 'g', 'c', 'u', 'user', 'p', 'pwd', 1, 9)"
    )
    for name, authenticated_at in (("a", "2"), ("b", "NULL")):
        sql = (
            "INSERT INTO authorization_codes (tenant_id, code_hash, connector_id, user_id, redirect_uri, scope, amr, "
            "authenticated_at, created_at, expires_at) "
        )
        sha = f"'{name * 32}'" + ("" if connection.dialect.name == "sqlite" else "::bytea")
        connection.exec_driver_sql(sql + f"VALUES ('t', {sha}, 'c', 'u', 'r', 'p', 'pwd', {authenticated_at}, 1, 9)")


def name_revision(connection: sa.Connection, *, revision: str) -> None:
    """As if that revision had made the tables."""
    connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")


def names_of_tenants(connection: sa.Connection) -> list[str]:
    return list(connection.exec_driver_sql("SELECT name FROM tenants").scalars())


def sign_ins_of_grants(connection: sa.Connection) -> list[tuple[int | None, str | None]]:
    return [tuple(row) for row in connection.exec_driver_sql("SELECT authenticated_at, sign_in_scope FROM grants")]


def sign_ins_of_codes(connection: sa.Connection) -> list[tuple[int | None, str | None]]:
    sql = "SELECT authenticated_at, sign_in_scope FROM authorization_codes ORDER BY code_hash"
    return [tuple(row) for row in connection.exec_driver_sql(sql)]
