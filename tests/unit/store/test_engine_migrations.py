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
from tenantry.store.engine import migrate
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


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_the_members_of_a_database_in_use_get_the_names_they_are_listed_by(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    server: PostgresServer | None = request.getfixturevalue("postgres_server") if engine == "postgresql" else None
    if server is not None:
        asyncio.run(server.create_database("in_use"))
        url = server.url("in_use")
    keys = "SELECT user_id, member_key FROM group_members ORDER BY user_id"
    migrate._on_connection(url, fill_at_0006)
    migrate.upgrade(url)
    found = migrate._on_connection(url, lambda connection: connection.exec_driver_sql(keys).fetchall())
    assert [tuple(row) for row in found] == [("ana", "ana"), ("ben", None)]
    if server is not None:
        asyncio.run(server.drop_database("in_use"))


def fill_at_0006(connection: sa.Connection) -> None:
    """A group of two, one of whom is deleted."""
    command.upgrade(migrate.config_for(connection), "0006")
    for statement in (
        "INSERT INTO tenants (id, name, created_at) VALUES ('t', 'T', 1)",
        """
        INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, display_key,
                           created_at, updated_at, soft_deleted_at)
        VALUES ('t', 'ana', 'ana@t', 'ana@t', 'member', 'Ana', 'ana', 1, 1, NULL),
               ('t', 'ben', 'ben@t', 'ben@t', 'member', 'Ben', 'ben', 1, 1, 1)
        """,
        """
        INSERT INTO groups (tenant_id, id, name, welcome_message, group_type, created_at, updated_at)
        VALUES ('t', 'g', 'G', '', 'group', 1, 1)
        """,
        """
        INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at)
        VALUES ('t', 'g', 'ana', 'admin', 1), ('t', 'g', 'ben', 'member', 1)
        """,
    ):
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_the_identity_providers_of_a_database_in_use_keep_the_callback_address_they_are_registered_with(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    server: PostgresServer | None = request.getfixturevalue("postgres_server") if engine == "postgresql" else None
    if server is not None:
        asyncio.run(server.create_database("with_providers"))
        url = server.url("with_providers")
    shared = "SELECT tenant_id, provider_id, replaced_at FROM shared_callbacks ORDER BY provider_id"
    migrate._on_connection(url, fill_at_0013)
    migrate.upgrade(url)
    found = migrate._on_connection(url, lambda connection: connection.exec_driver_sql(shared).fetchall())
    assert [tuple(row) for row in found] == [("t", "gone", 7), ("t", "live", None)]
    if server is not None:
        asyncio.run(server.drop_database("with_providers"))


def fill_at_0013(connection: sa.Connection) -> None:
    """A tenant with a provider, and one that was removed."""
    command.upgrade(migrate.config_for(connection), "0013")
    connection.exec_driver_sql("INSERT INTO tenants (id, name, created_at) VALUES ('t', 'T', 1)")
    connection.execute(
        sa.text(
            """
            INSERT INTO identity_providers (tenant_id, id, name, issuer, client_id, client_secret, name_claim,
                                            created_at, disabled_at)
            VALUES ('t', 'live', 'L', 'https://l.example', 'c', :secret, 'email', 1, NULL),
                   ('t', 'gone', 'G', 'https://g.example', 'c', :secret, 'email', 1, 7)
            """
        ),
        {"secret": b""},
    )


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_the_names_of_a_database_in_use_get_the_normal_form_they_are_found_by(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    server: PostgresServer | None = request.getfixturevalue("postgres_server") if engine == "postgresql" else None
    if server is not None:
        asyncio.run(server.create_database("with_names"))
        url = server.url("with_names")
    migrate._on_connection(url, fill_at_0015)
    migrate.upgrade(url)
    for table, column, found in (
        ("users", "display_key", ["dana", "\u00e9lodie"]),
        ("group_members", "member_key", [None, "\u00e9lodie"]),
        ("groups", "name_key", ["strasse"]),
        ("tenants", "name_key", ["\u00e9quipe"]),
        ("connectors", "name_key", ["apps"]),
        ("enterprises", "name_key", ["emm"]),
        ("delegated_relationships", "name_key", ["d\u00e9l\u00e9gation"]),
        ("managed_accounts", "search_key", ["\u00e9lodie@t"]),
        ("partner_customers", "name_key", ["t"]),
    ):
        rows = migrate._on_connection(url, partial(texts_of, table=table, column=column))
        assert sorted(rows, key=str) == sorted(found, key=str), table
    if server is not None:
        asyncio.run(server.drop_database("with_names"))


def texts_of(connection: sa.Connection, *, table: str, column: str) -> list[str | None]:
    return list(connection.execute(sa.text(f"SELECT {column} FROM {table}")).scalars())


def fill_at_0015(connection: sa.Connection) -> None:
    """Names of every kind with the keys that earlier versions gave them."""
    command.upgrade(migrate.config_for(connection), "0015")
    for statement in (
        "INSERT INTO tenants (id, name, created_at) VALUES ('t', 'E\u0301quipe', 1)",
        """
        INSERT INTO users (tenant_id, id, user_principal_name, upn_key, user_type, display_name, display_key,
                           created_at, updated_at, soft_deleted_at)
        VALUES ('t', 'u', 'e@t', 'e@t', 'member', 'E\u0301lodie', 'e\u0301lodie', 1, 1, NULL),
               ('t', 'v', 'v@t', 'v@t', 'member', 'Dana ', 'dana', 1, 1, 1)
        """,
        """
        INSERT INTO groups (tenant_id, id, name, name_key, welcome_message, group_type, created_at, updated_at)
        VALUES ('t', 'g', 'STRA\u1e9eE', 'stra\u00dfe', '', 'group', 1, 1)
        """,
        """
        INSERT INTO group_members (tenant_id, group_id, user_id, role, added_at, member_key)
        VALUES ('t', 'g', 'u', 'admin', 1, 'e\u0301lodie'), ('t', 'g', 'v', 'member', 1, NULL)
        """,
        """
        INSERT INTO connectors (id, tenant_id, kind, name, description, permissions, redirect_uris, created_at)
        VALUES ('c', 't', 'public', '\uff21\uff50\uff50\uff53', '', '', '[]', 1)
        """,
        "INSERT INTO enterprises (id, tenant_id, emm_tenant_id, name, created_at) VALUES ('e', 't', 't', ' EMM', 1)",
        """
        INSERT INTO delegated_relationships (tenant_id, id, partner_tenant_id, display_name, role_ids, status,
                                             created_at)
        VALUES ('t', 'r', 't', 'De\u0301le\u0301gation', '', 'active', 1)
        """,
        """
        INSERT INTO managed_accounts (tenant_id, id, enterprise_id, management_type, account_type, primary_email,
                                      search_key, device_count, created_at, updated_at)
        VALUES ('t', '1', 'e', 'google_managed', 'user_account', 'e\u0301lodie@t', 'e\u0301lodie@t', 0, 1, 1)
        """,
        "INSERT INTO partner_customers (tenant_id, customer_tenant_id, name_key, created_at) VALUES ('t', 't', 't', 1)",
    ):
        connection.exec_driver_sql(statement)
