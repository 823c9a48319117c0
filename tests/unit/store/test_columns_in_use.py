"""Every column is written by one statement and read by another, and every word that is compared can stand there.

What nobody writes or nobody reads is a rule that seems to hold: it is removed, by a migration.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlglot
from sqlglot import exp

import tenantry
from tenantry.store.schema import metadata
from tests.support.sql_rules import statements_below

PRODUCT = Path(tenantry.__file__).parent
COLUMNS = {table.name: set(table.columns.keys()) for table in metadata.sorted_tables}

PROVENANCE = {"created_at", "added_at", "updated_at", "created_by"}
"""When a row came and who made it: for whoever looks into the database, if for nobody else."""

NEVER_WRITTEN = {
    "enterprises.unenrolled_at",  # enterprises.unenroll is not offered yet
    "shared_callbacks.provider_id",  # a migration did
    "shared_callbacks.tenant_id",
}
NEVER_READ = {
    "devices.dpc_package_name",  # reported by devices, and shown by no method yet
    "devices.enterprise_id",
    "enrolments.reason",
    "groups.background_url",  # taken from clients, and shown by no method yet
    "groups.long_description",
    "groups.short_description",
}
"""These only shrink."""


class Use(NamedTuple):
    """What one statement does: `shown` are columns that are only answered, each by the name it is answered by."""

    written: set[str]
    read: set[str]
    shown: set[tuple[str, str]]
    compared: set[tuple[str, str]]
    """Column and word, as are the next."""
    set_to: set[tuple[str, str]]


def use_of(sql: str) -> Use:
    tree = sqlglot.parse_one(sql, dialect="sqlite")
    tables: dict[str, set[str]] = {}
    for table in tree.find_all(exp.Table):
        if table.name in COLUMNS:
            tables.setdefault(table.alias_or_name, set()).add(table.name)
    use = Use(set(), set(), set(), set(), set())
    targets = dict(_targets(tree))
    use.written.update(targets.values())
    for column in tree.find_all(exp.Column):
        names = _names(column, tables)
        if id(column) in targets:
            continue
        shown_as = _shown_as(column)
        if shown_as is None:
            use.read.update(names)
        else:
            use.shown.update((name, shown_as) for name in names)
        use.compared.update((name, word) for name in names for word in _words_beside(column))
    use.set_to.update(_words_set(tree))
    return use


def _names(column: exp.Column, tables: dict[str, set[str]]) -> set[str]:
    """`table.column` for each table that may be meant."""
    meant = tables.get(column.table, set()) if column.table else set().union(*tables.values())
    return {f"{table}.{column.name}" for table in meant if column.name in COLUMNS[table]}


def _targets(tree: exp.Expr) -> Iterator[tuple[int, str]]:
    """The columns that are given a value, by the identity of their node."""
    for insert in tree.find_all(exp.Insert):
        if isinstance(insert.this, exp.Schema):
            table = _target(insert)
            yield from ((id(column), f"{table}.{column.name}") for column in insert.this.expressions)
        conflict = insert.args.get("conflict")
        for equality in conflict.expressions if conflict is not None else []:
            yield id(equality.this), f"{_target(insert)}.{equality.this.name}"
    for update in tree.find_all(exp.Update):
        for equality in update.expressions:
            yield id(equality.this), f"{update.this.name}.{equality.this.name}"


def _target(insert: exp.Insert) -> str:
    table = insert.this.find(exp.Table)
    assert table is not None
    return str(table.name)


def _shown_as(column: exp.Column) -> str | None:
    """The name that the column is answered by, if nothing else is done with it."""
    shown: exp.Expr = column.parent if isinstance(column.parent, exp.Alias) else column
    query = shown.parent
    if not isinstance(query, exp.Select | exp.Returning) or shown not in query.expressions:
        return None
    return str(shown.alias_or_name) if query.find_ancestor(exp.Exists, exp.In, exp.Subquery) is None else None


def _words_beside(column: exp.Column) -> Iterator[str]:
    parent = column.parent
    if isinstance(parent, exp.EQ | exp.NEQ):
        yield from (side.name for side in (parent.left, parent.right) if _is_word(side))
    if isinstance(parent, exp.In) and parent.this is column:
        yield from (side.name for side in parent.expressions if _is_word(side))


def _words_set(tree: exp.Expr) -> Iterator[tuple[str, str]]:
    for update in tree.find_all(exp.Update):
        for equality in update.expressions:
            yield from ((f"{update.this.name}.{equality.this.name}", word.name) for word in _words(equality.expression))
    for insert in tree.find_all(exp.Insert):
        rows = insert.expression
        if isinstance(insert.this, exp.Schema) and isinstance(rows, exp.Values | exp.Select):
            table = _target(insert)
            names = [f"{table}.{column.name}" for column in insert.this.expressions]
            values = rows.expressions if isinstance(rows, exp.Select) else rows.expressions[0].expressions
            for name, value in zip(names, values, strict=False):
                yield from ((name, word.name) for word in _words(value))


def _words(value: exp.Expr) -> Iterator[exp.Expr]:
    yield from (node for node in value.find_all(exp.Literal) if _is_word(node))


def _is_word(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string and node.name != ""


@pytest.fixture(scope="module")
def uses() -> list[Use]:
    found = [use_of(statement.sql) for statement in statements_below(PRODUCT / "store") if statement.sql is not None]
    assert len(found) > 300
    return found


@pytest.fixture(scope="module")
def words_in_code() -> set[str]:
    """Each attribute that is asked for, name that is looked up, and word, in modules and templates."""
    words: set[str] = set()
    for path in PRODUCT.rglob("*.py"):
        if "migrations" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                    words.add(node.attr)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
                    words.add(node.value)
    for path in PRODUCT.rglob("*.html"):
        words.update(re.findall(r"\.(\w+)", path.read_text()))
    return words


ALL = {f"{table}.{column}" for table, columns in COLUMNS.items() for column in columns}


def test_every_column_is_written_by_some_statement(uses: list[Use]) -> None:
    assert ALL - set().union(*(use.written for use in uses)) == NEVER_WRITTEN


def test_every_column_is_read_by_some_statement_and_what_it_answers_by_some_code(
    uses: list[Use], words_in_code: set[str]
) -> None:
    read = set().union(*(use.read for use in uses))
    read |= {name for use in uses for name, shown_as in use.shown if shown_as in words_in_code}
    assert {name for name in ALL - read if name.split(".")[1] not in PROVENANCE} == NEVER_READ


def test_every_word_that_a_column_is_compared_with_is_written_there_or_known_outside_the_store(
    uses: list[Use],
) -> None:
    """A copy of a row has the words of the row, so that columns of one name count as one."""
    written = {(name.split(".")[1], word) for use in uses for name, word in use.set_to}
    compared = {(name.split(".")[1], word) for use in uses for name, word in use.compared}
    known = _words_outside_the_store()
    assert {word for column, word in compared if (column, word) not in written and word not in known} == set()


def _words_outside_the_store() -> set[str]:
    """What code can give a column: a member of an enumeration, or a word that is not merely compared."""
    words: set[str] = set()
    for path in PRODUCT.rglob("*.py"):
        if "store" in path.parts:
            continue
        tree = ast.parse(path.read_text())
        asked = {
            id(node)
            for compare in ast.walk(tree)
            if isinstance(compare, ast.Compare)
            for part in (compare.left, *compare.comparators)
            for node in ast.walk(part)
        }
        words |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in asked
        }
    return words


def test_a_column_that_is_dead_and_a_word_that_nobody_writes_are_found() -> None:
    use = use_of("UPDATE grants SET revoked_at = :now WHERE tenant_id = :tenant_id AND reach = 'nowhere' RETURNING amr")
    assert use.written == {"grants.revoked_at"}
    assert use.read == {"grants.tenant_id", "grants.reach"}
    assert use.shown == {("grants.amr", "amr")}
    assert use.compared == {("grants.reach", "nowhere")}
    assert use_of("UPDATE sessions SET amr = 'pwd' WHERE tenant_id = :t").set_to == {("sessions.amr", "pwd")}
