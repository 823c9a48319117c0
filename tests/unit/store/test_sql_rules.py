"""All our SQL, tables and migrations obey the rules that let them run unchanged on SQLite, PostgreSQL and Citus."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

import tenantry
from tenantry.store.schema import metadata
from tests.support.schema_rules import check_migration, check_schema
from tests.support.sql_rules import Statement, check_statement, sql_outside_the_store, statements_below, statements_of

SOURCE = Path(tenantry.__file__).parent
STORE = SOURCE / "store"
STATEMENTS = statements_below(STORE)
ELSEWHERE = [path for path in sorted(SOURCE.rglob("*.py")) if not path.is_relative_to(STORE)]
MIGRATIONS = sorted((STORE / "migrations" / "versions").glob("*.py"))


WALKS = {
    "ending/ended.py": "housekeeping.py",
    "ending/purging.py": "directory/purging.py",
    "master_key/encrypted.py": "rekeying.py",
}
"""Files with statements that look at the rows of all tenants, by key: the one module that may use each."""


@pytest.mark.parametrize("statement", STATEMENTS, ids=[statement.where for statement in STATEMENTS])
def test_a_statement_obeys_the_rules(statement: Statement) -> None:
    assert statement.sql is not None, "SQL is a literal; module constants and fields of enums may be part of it"
    complaints = check_statement(statement.sql, metadata)
    if statement.where.partition(":")[0] in WALKS:
        complaints = [complaint for complaint in complaints if not complaint.endswith("from tenant to tenant")]
    assert complaints == []


@pytest.mark.parametrize(("file", "user"), WALKS.items())
def test_only_housekeeping_looks_at_the_rows_of_all_tenants(file: str, user: str) -> None:
    room, _, module = file.removesuffix(".py").partition("/")
    importing = re.compile(
        rf"from tenantry\.store\.{room}(\.{module} import| import [^()\n]*\b{module}\b| import \([^)]*\b{module}\b)"
    )
    users = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if importing.search(path.read_text())}
    assert users == {user}


def test_the_statements_of_every_file_are_found() -> None:
    """At least as many as there were when this was written: a room that nobody looks into would be missed here."""
    assert len(STATEMENTS) >= 370
    calls = re.compile(r"\.(?:one_or_none|all|run|run_many)\($|\.(?:one_or_none|all|run|run_many)\([A-Za-z\"]")
    files = [path for path in STORE.rglob("*.py") if "migrations" not in path.parts]
    with_sql = {path.name for path in files if calls.search(path.read_text()) and "tenant_id = :" in path.read_text()}
    assert with_sql - {statement.where.rpartition("/")[2].partition(":")[0] for statement in STATEMENTS} == set()


def test_no_sql_stands_outside_the_store() -> None:
    assert [complaint for path in ELSEWHERE for complaint in sql_outside_the_store(path)] == []


def test_the_tables_obey_the_rules() -> None:
    assert list(check_schema(metadata)) == []


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_obeys_the_rules(path: Path) -> None:
    assert list(check_migration(path.read_text())) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM tenants WHERE id = :id",
        "SELECT id FROM users WHERE tenant_id = :tenant_id AND id > :after ORDER BY id LIMIT :limit",
        "SELECT u.id FROM users u JOIN grants g ON g.tenant_id = u.tenant_id WHERE g.tenant_id = :tenant_id",
        "SELECT u.id FROM tenants t JOIN users u ON u.tenant_id = t.id WHERE t.id = :customer_tenant_id",
        "DELETE FROM users u WHERE tenant_id = :tenant_id AND 0 = (SELECT 1 FROM phones WHERE tenant_id = u.tenant_id)",
        "UPDATE users SET updated_at = :now WHERE tenant_id = :tenant_id AND id = :id RETURNING id",
        "INSERT INTO users (tenant_id, id) VALUES (:tenant_id, :id) ON CONFLICT (tenant_id, id) DO NOTHING",
        "WITH mine AS (SELECT id FROM users WHERE tenant_id = :tenant_id) SELECT id FROM mine",
        "SELECT 'now() OFFSET' FROM tenants",
    ],
)
def test_a_good_statement_passes(sql: str) -> None:
    assert check_statement(sql, metadata) == []


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("SELECT id FROM users WHERE id = :id", "users is not bound to a tenant"),
        ("SELECT id FROM users WHERE tenant_id = :tenant_id OR id = :id", "users is not bound to a tenant"),
        ("SELECT id FROM users WHERE NOT tenant_id = :tenant_id", "users is not bound to a tenant"),
        ("SELECT id FROM users WHERE tenant_id = :id", "users is not bound to a tenant"),
        ("SELECT id FROM users WHERE tenant_id > :tenant_id", "users is not bound to a tenant"),
        (
            "SELECT id FROM users WHERE (tenant_id, id) > (:after_tenant_id, :id) ORDER BY tenant_id, id",
            "users is not bound to a tenant",
        ),
        (
            "SELECT id FROM users WHERE (tenant_id, id) > (:after_tenant_id, :id) ORDER BY tenant_id, id LIMIT :limit",
            "users is walked from tenant to tenant",
        ),
        (
            "SELECT u.id FROM users u JOIN grants g ON g.user_id = u.id WHERE u.tenant_id = :tenant_id",
            "grants is not bound to a tenant",
        ),
        (
            "SELECT id FROM users WHERE tenant_id = :tenant_id AND id IN (SELECT user_id FROM phones)",
            "phones is not bound to a tenant",
        ),
        ("WITH mine AS (SELECT id FROM users) SELECT id FROM mine", "users is not bound to a tenant"),
        ("UPDATE users SET updated_at = :now WHERE id = :id", "users is not bound to a tenant"),
        ("DELETE FROM users WHERE id = :id", "users is not bound to a tenant"),
        ("INSERT INTO users (id) VALUES (:id)", "insert into users names no tenant_id"),
        (
            "INSERT INTO users (tenant_id, id) VALUES (:tenant_id, :id) ON CONFLICT (id) DO NOTHING",
            "ON CONFLICT of users does not start with tenant_id",
        ),
        (
            "INSERT INTO users (tenant_id, id) VALUES (:tenant_id, :id) ON CONFLICT DO NOTHING",
            "ON CONFLICT of users does not start with tenant_id",
        ),
        ("SELECT id FROM users WHERE tenant_id = :tenant_id LIMIT 5 OFFSET 10", "OFFSET"),
        (
            "UPDATE users SET tenant_id = :other WHERE tenant_id = :tenant_id AND id = :id",
            "tenant_id is changed",
        ),
        (
            "UPDATE users SET updated_at = now() WHERE tenant_id = :tenant_id",
            "volatile function now(",
        ),
        (
            "INSERT INTO tenants (id) VALUES (:id) ON CONFLICT (id) DO UPDATE SET created_at = CURRENT_TIMESTAMP",
            "volatile function CURRENT_TIMESTAMP",
        ),
        ("SELECT id FROM users WHERE tenant_id = :tenant_id FOR UPDATE SKIP LOCKED", "forbidden: SKIP LOCKED"),
        ("NOTIFY changes", "forbidden: NOTIFY"),
        ("LISTEN changes", "forbidden: LISTEN"),
        ("SELECT pg_advisory_xact_lock(1)", "forbidden: pg_advisory_xact_lock"),
    ],
)
def test_a_bad_statement_is_caught(sql: str, complaint: str) -> None:
    assert check_statement(sql, metadata) == [complaint]


def test_a_statement_with_a_field_of_an_enum_is_read_once_for_each_member(tmp_path: Path) -> None:
    path = tmp_path / "example.py"
    path.write_text(
        'class _Kind(NamedTuple):\n    table: str\n    key: str = "id"\n'
        'class Kind(_Kind, Enum):\n    A = _Kind("a")\n    B = _Kind("b", key="name")\n    C = _Kind(chosen())\n'
        'async def good(tx, kind: Kind): await tx.run(f"DELETE FROM {kind.table} WHERE {kind.key} = :key")\n'
        'async def bad(tx, kind: _Kind): await tx.run(f"DELETE FROM {kind.table}")\n'
    )
    assert [(one.where, one.sql) for one in statements_of(path)] == [
        ("example.py:8 A", "DELETE FROM a WHERE id = :key"),
        ("example.py:8 B", "DELETE FROM b WHERE name = :key"),
        ("example.py:8 C", None),
        ("example.py:9", None),
    ]


def test_a_constant_of_a_file_beside_it_is_part_of_a_statement_and_one_from_elsewhere_is_not(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text('LIVE = "deleted_at IS NULL"\n')
    path = tmp_path / "example.py"
    path.write_text(
        f"from tenantry.store.{tmp_path.name}.parts import LIVE\n"
        "from tenantry.store.elsewhere.parts import ENDED\n"
        'async def good(tx): await tx.run(f"DELETE FROM users WHERE {LIVE}")\n'
        'async def bad(tx): await tx.run(f"DELETE FROM users WHERE {ENDED}")\n'
    )
    assert [one.sql for one in statements_of(path)] == ["DELETE FROM users WHERE deleted_at IS NULL", None]


def test_sql_made_at_run_time_and_sql_elsewhere_are_caught(tmp_path: Path) -> None:
    path = tmp_path / "example.py"
    path.write_text(
        '"""SELECT the right words."""\n'
        'COLUMNS = "id, name"\n'
        'async def good(tx): await tx.all(User, f"SELECT {COLUMNS} FROM users")\n'
        'async def bad(tx, order): await tx.all(User, f"SELECT id FROM users ORDER BY {order}")\n'
        'async def plain(tx): await tx.run("DELETE FROM users")\n'
    )
    assert [(one.where, one.sql) for one in statements_of(path)] == [
        ("example.py:3", "SELECT id, name FROM users"),
        ("example.py:4", None),
        ("example.py:5", "DELETE FROM users"),
    ]
    assert [complaint.partition(":")[2] for complaint in sql_outside_the_store(path)] == [
        "5: SQL outside store/",
        "3: SQL outside store/",
        "4: SQL outside store/",
    ]


def bad_tables() -> sa.MetaData:
    bad = sa.MetaData()
    sa.Table(
        "good",
        bad,
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        info={"kind": "owned"},
    )
    sa.Table("unmarked", bad, sa.Column("id", sa.Text, primary_key=True))
    sa.Table("numbered", bad, sa.Column("id", sa.BigInteger, primary_key=True), info={"kind": "reference"})
    sa.Table(
        "computed",
        bad,
        sa.Column("id", sa.Text, primary_key=True, server_default=sa.text("gen_random_uuid()")),
        info={"kind": "reference"},
    )
    sa.Table(
        "upward",
        bad,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("tenant_id", sa.Text),
        sa.ForeignKeyConstraint(["tenant_id", "id"], ["good.tenant_id", "good.id"], deferrable=True),
        info={"kind": "reference"},
    )
    sa.Table(
        "loose",
        bad,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("tenant_id", sa.Text),
        sa.Column("name", sa.Text),
        sa.UniqueConstraint("name"),
        sa.Index("uq_loose", "name", unique=True),
        sa.ForeignKeyConstraint(["id", "tenant_id"], ["good.id", "good.tenant_id"]),
        info={"kind": "owned"},
    )
    return bad


def test_a_bad_table_is_caught() -> None:
    assert sorted(check_schema(bad_tables())) == [
        "computed.id is computed by the server",
        "loose has no tenant_id NOT NULL",
        "loose: foreign key to good does not start with tenant_id",
        "loose: primary key does not start with tenant_id",
        "loose: unique constraint does not start with tenant_id",
        "loose: unique index does not start with tenant_id",
        "numbered numbers its rows itself",
        "unmarked is neither owned nor reference",
        "upward is a reference table and refers to good, an owned one",
        "upward: deferred constraint",
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('op.alter_column("users", "name", nullable=False, type_=sa.Text())', "more than one action in an ALTER"),
        ('op.add_column("users", sa.Column("a", sa.Text(), sa.ForeignKey("b.id")))', "inline constraint on ADD COLUMN"),
        ('op.add_column("users", sa.Column("a", sa.Text(), unique=True))', "inline constraint on ADD COLUMN"),
        ('op.execute("ALTER TABLE users ADD COLUMN a TEXT, DROP COLUMN b")', "more than one action in an ALTER"),
        ('op.execute("CREATE TRIGGER t AFTER INSERT ON users")', "TRIGGER"),
        ('op.execute(sa.text("CREATE SEQUENCE numbers"))', "SEQUENCE"),
    ],
)
def test_a_bad_migration_is_caught(line: str, complaint: str) -> None:
    assert list(check_migration(line)) == [f"line 1: {complaint}"]


@pytest.mark.parametrize(
    "line",
    [
        'op.alter_column("users", "name", nullable=False)',
        'op.add_column("users", sa.Column("a", sa.Text(), nullable=False, server_default="x"))',
        'op.execute("ALTER TABLE users ADD CONSTRAINT u UNIQUE (tenant_id, a)")',
    ],
)
def test_a_good_migration_passes(line: str) -> None:
    assert list(check_migration(line)) == []
