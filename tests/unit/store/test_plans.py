"""How SQLite finds what the statements ask for: no statement reads the whole of a large tenant by mistake.

Plans are the same for a small file and for a large one, since SQLite is told sizes by a rule: see
store/engine/statistics.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest
import sqlalchemy as sa

import tenantry
from tenantry.store.engine import migrate
from tenantry.store.engine.dialect import to_positional
from tenantry.store.engine.sqlite_statements import connect
from tests.support.sql_rules import OF_POSTGRESQL, Statement, statements_below

STORE = Path(tenantry.__file__).parent / "store"
STATEMENTS = statements_below(STORE)
LARGE = {
    *("audit_events", "device_credentials", "device_tokens", "devices", "grants", "group_links", "group_members"),
    *("groups", "managed_accounts", "partner_customers", "partner_relationships", "phones", "refresh_tokens"),
    *("sessions", "users", "webhook_deliveries"),
}
WHOLE = {
    "trail/audit_events.py: audit_events": "up to a limit, in the order of the key",
    "tokens/grant_lists.py: groups": "up to a limit, in the order of the index",
    "master_key/hashed.py: device_credentials": "all of a pepper that is retired, when the operator says so",
    "master_key/hashed.py: device_tokens": "all of a pepper that is retired, when the operator says so",
    "master_key/hashed.py: refresh_tokens": "all of a pepper that is retired, when the operator says so",
    "master_key/hashed.py: sessions": "all of a pepper that is retired, when the operator says so",
    "overview/reach.py: devices": "counted up to a limit",
    "overview/reach.py: groups": "counted up to a limit",
    "overview/reach.py: partner_relationships": "counted up to a limit",
    "overview/reach.py: users": "counted up to a limit",
    "overview/reports.py: managed_accounts": "counted up to a limit",
    "tenants/tenants.py: users": "names that end in a domain, counted up to a limit",
    "users/user_lists.py: users": "up to a limit, in the order of the index",
}
SORTED = {
    "connectors/connector_lists.py": "the connectors of a tenant are few",
    "groups/group_lists.py": "the groups of one user are few",
    "overview/reach.py": "partners and connectors are few",
    "delegation/relationships.py": "partners are few",
}


class Step(NamedTuple):
    id: int
    parent: int
    unused: int
    detail: str


@pytest.fixture(scope="module")
def connection(sqlite_template: Path) -> Iterator[apsw.Connection]:
    opened = connect(str(sqlite_template), 2, 1.0, None)
    yield opened
    opened.close()


def plan(connection: apsw.Connection, sql: str) -> list[Step]:
    text, names = to_positional(sql)
    return [Step(*row) for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", (None,) * len(names))]


def whole_tables(connection: apsw.Connection, sql: str) -> set[str]:
    """The large tables of which the statement reads all rows, or all of the tenant."""
    read = set()
    for step in plan(connection, sql):
        found = re.match(r"SCAN (\w+)|SEARCH (\w+) USING .* ?\(tenant_id=\?\)$", step.detail)
        if found and not (found[1] and re.search(rf"\)\s+(?:AS\s+)?{found[1]}\b", sql)):  # a subquery has this name
            alias = found[1] or found[2]
            named = re.search(rf"(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)\s+(?:AS\s+)?{alias}\b", sql)
            read.add(named[1] if named else alias)
    return read & LARGE


def reads(statement: Statement) -> bool:
    """An INSERT only checks keys; what is PostgreSQL's alone, SQLite has no plan for."""
    sql = statement.sql or "INSERT"
    return not sql.lstrip().startswith("INSERT") and not OF_POSTGRESQL.search(sql)


def test_no_statement_reads_a_whole_tenant_by_mistake(connection: apsw.Connection) -> None:
    read = {
        f"{statement.where.partition(':')[0]}: {table}"
        for statement in filter(reads, STATEMENTS)
        if not statement.where.startswith(
            "ending/tenant_purging.py"
        )  # all that a deleted tenant had, up to a limit at a time
        for table in whole_tables(connection, statement.sql or "")
    }
    assert read == WHOLE.keys()


def test_no_page_is_sorted_since_it_comes_in_the_order_of_an_index(connection: apsw.Connection) -> None:
    by_key = [statement for statement in STATEMENTS if statement.sql and re.search(r"\) > \(:", statement.sql)]
    assert len(by_key) > 10
    sorts = {
        statement.where.partition(":")[0]
        for statement in by_key
        if any("TEMP B-TREE" in step.detail and step.parent == 0 for step in plan(connection, statement.sql or ""))
    }
    assert sorts == SORTED.keys()


def test_an_exchange_looks_for_who_has_ended_among_the_few_who_have(connection: apsw.Connection) -> None:
    [exchange] = [s.sql for s in STATEMENTS if s.sql and "LEFT JOIN refresh_tokens" in s.sql]
    used = [step.detail for step in plan(connection, exchange or "")]
    assert sum(" ix_users_ended " in detail or " ix_tenants_ended " in detail for detail in used) == 2


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("SELECT id FROM users WHERE tenant_id = :tenant_id AND id = :id", set()),
        ("SELECT id FROM users WHERE tenant_id = :tenant_id AND given_name = :name", {"users"}),
        ("SELECT u.id FROM tenants t CROSS JOIN users u WHERE u.tenant_id = :tenant_id", {"users"}),
        ("SELECT COUNT(*) FROM audit_events", {"audit_events"}),
        ("SELECT COUNT(*) FROM signing_keys", set()),
    ],
)
def test_a_statement_that_reads_a_whole_tenant_is_noticed(
    connection: apsw.Connection, sql: str, read: set[str]
) -> None:
    assert whole_tables(connection, sql) == read


def test_the_second_column_of_an_index_counts_and_the_tenant_alone_does_not(connection: apsw.Connection) -> None:
    """Of a table without row ids SQLite would by itself read all rows of the tenant."""
    sql = "SELECT MAX(last_used_at) FROM refresh_tokens WHERE tenant_id = :tenant_id AND grant_id = :grant_id"
    assert [step.detail for step in plan(connection, sql)] == [
        "SEARCH refresh_tokens USING INDEX ix_refresh_tokens_grant (tenant_id=? AND grant_id=?)"
    ]


def test_what_waits_for_a_webhook_is_found_by_the_webhook(connection: apsw.Connection) -> None:
    """So the queue of one costs the others of its tenant nothing."""
    steps = [
        step.detail
        for statement in STATEMENTS
        if statement.where.startswith("outbox/webhook_deliveries.py") and reads(statement)
        for step in plan(connection, statement.sql or "")
        if "ix_webhook_deliveries_due" in step.detail
    ]
    assert len(steps) == 5
    assert all("(tenant_id=? AND webhook_id=? AND due_at" in step for step in steps)


def test_an_upgrade_tells_the_sizes_anew(tmp_path: Path) -> None:
    """A file from before the rule, or one that somebody had SQLite measure while it was empty."""
    path = tmp_path / "a.db"
    migrate.upgrade(f"sqlite:///{path}")
    numbers = "SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    with engine.begin() as changing:
        told = changing.exec_driver_sql(numbers).fetchall()
        changing.exec_driver_sql("DROP TABLE sqlite_stat1")
    migrate.upgrade(f"sqlite:///{path}")
    with engine.connect() as reading:
        assert reading.exec_driver_sql(numbers).fetchall() == told
    assert ("users", "uq_users_live_upn", "1000000 100000 1") in told
