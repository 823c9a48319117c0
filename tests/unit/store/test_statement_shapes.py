"""What a statement answers has the names of the shape it is read into, and it asks for what its call gives it.

A column more, or two in another order, would be read into the wrong field; a parameter too many is a condition that
somebody took away.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import apsw
import apsw.ext
import pytest

import tenantry
from tenantry.store.engine.sqlite_statements import connect
from tests.support.sql_rules import OF_POSTGRESQL, Statement, statements_below, statements_of

STORE = Path(tenantry.__file__).parent / "store"
STATEMENTS = [statement for statement in statements_below(STORE) if statement.sql]
_PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")


@pytest.fixture(scope="module")
def connection(sqlite_template: Path) -> Iterator[apsw.Connection]:
    opened = connect(str(sqlite_template), 2, 1.0, None)
    yield opened
    opened.close()


def fields_of(statement: Statement) -> list[str] | None:
    """The fields of the shape; None for one that is no NamedTuple."""
    module = importlib.import_module("tenantry.store." + statement.where.partition(".py:")[0].replace("/", "."))
    shape = getattr(module, statement.shape or "", None)
    return list(getattr(shape, "_fields", [])) or None


def columns_of(connection: apsw.Connection, sql: str) -> list[str]:
    found = apsw.ext.query_info(connection, sql)
    return [name for name, *_ in found.description]


def test_what_a_statement_answers_has_the_names_of_its_shape(connection: apsw.Connection) -> None:
    shaped = [
        (one, fields_of(one)) for one in STATEMENTS if one.shape is not None and not OF_POSTGRESQL.search(one.sql or "")
    ]
    compared = {one.where: (columns_of(connection, one.sql or ""), fields) for one, fields in shaped if fields}
    assert len(compared) > 150
    assert {where: pair for where, pair in compared.items() if pair[0] != pair[1]} == {}


def test_a_statement_that_answers_one_value_has_one_column(connection: apsw.Connection) -> None:
    plain = {"str", "int", "bytes", "bool", "TenantId", "UserId", "GroupId", "ConnectorId", "RelationshipId"}
    found = {
        one.where: len(columns_of(connection, one.sql or ""))
        for one in STATEMENTS
        if one.shape in plain and not OF_POSTGRESQL.search(one.sql or "")
    }
    assert len(found) > 40
    assert set(found.values()) == {1}, found


def test_a_statement_asks_for_what_its_call_gives_and_for_nothing_else() -> None:
    known = [one for one in STATEMENTS if one.parameters is not None]
    assert len(known) > 300
    differ = {
        one.where: (asked, set(one.parameters))
        for one in known
        if one.parameters is not None and (asked := set(_PARAMETER.findall(one.sql or ""))) ^ one.parameters
    }
    assert differ == {}


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("await read.all(Pair, 'SELECT b, a FROM t WHERE x = :x', x=1)", "columns"),
        ("await read.all(Pair, 'SELECT a, b FROM t WHERE x = 1', x=1)", "parameters"),
    ],
)
def test_a_column_or_parameter_out_of_place_is_seen(tmp_path: Path, source: str, complaint: str) -> None:
    path = tmp_path / "rows.py"
    path.write_text(f"async def look(read):\n    return {source}\n")
    [statement] = statements_of(path)
    memory = apsw.Connection(":memory:")
    memory.execute("CREATE TABLE t (a, b, x)")
    if complaint == "columns":
        assert columns_of(memory, statement.sql or "") != ["a", "b"]
    else:
        assert statement.parameters is not None
        assert statement.parameters - set(_PARAMETER.findall(statement.sql or "")) == {"x"}
