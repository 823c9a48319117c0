"""Checks that tables and migrations can be distributed by tenant on Citus and are the same on SQLite and PostgreSQL.

`tests/unit/store/test_sql_rules.py` shows each rule a table or a migration that breaks it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import sqlalchemy as sa

_FORBIDDEN_DDL = re.compile(r"\b(TRIGGER|SEQUENCE|CREATE\s+RULE|DEFERRABLE|DEFERRED|SERIAL)\b", re.IGNORECASE)
_ALTER_ACTIONS = {"nullable", "type_", "server_default", "new_column_name"}


def check_schema(metadata: sa.MetaData) -> Iterator[str]:
    """Complaints about the tables."""
    for table in metadata.tables.values():
        kind = table.info.get("kind")
        if kind not in ("owned", "reference"):
            yield f"{table.name} is neither owned nor reference"
        yield from _server_side(table)
        yield from _foreign_keys(table)
        if kind == "owned":
            yield from _keys_without_tenant(table)


def _server_side(table: sa.Table) -> Iterator[str]:
    if table.autoincrement_column is not None:
        yield f"{table.name} numbers its rows itself"
    for column in table.columns:
        default = column.server_default
        if column.identity is not None or (isinstance(default, sa.DefaultClause) and "(" in str(default.arg)):
            yield f"{table.name}.{column.name} is computed by the server"
    for constraint in table.constraints:
        if constraint.deferrable or constraint.initially:
            yield f"{table.name}: deferred constraint"


def _foreign_keys(table: sa.Table) -> Iterator[str]:
    kind = table.info.get("kind")
    for key in table.foreign_key_constraints:
        target = key.referred_table
        if kind == "reference" and target.info.get("kind") == "owned":
            yield f"{table.name} is a reference table and refers to {target.name}, an owned one"
        starts = (key.column_keys[0], key.elements[0].column.name)
        if kind == target.info.get("kind") == "owned" and starts != ("tenant_id", "tenant_id"):
            yield f"{table.name}: foreign key to {target.name} does not start with tenant_id"


def _keys_without_tenant(table: sa.Table) -> Iterator[str]:
    if "tenant_id" not in table.columns or table.columns["tenant_id"].nullable:
        yield f"{table.name} has no tenant_id NOT NULL"
    keys: list[tuple[str, list[str]]] = [("primary key", list(table.primary_key.columns.keys()))]
    uniques = [constraint for constraint in table.constraints if isinstance(constraint, sa.UniqueConstraint)]
    keys += [("unique constraint", list(unique.columns.keys())) for unique in uniques]
    keys += [("unique index", list(index.columns.keys())) for index in table.indexes if index.unique]
    for what, columns in keys:
        if columns[:1] != ["tenant_id"]:
            yield f"{table.name}: {what} does not start with tenant_id"


def check_migration(source: str) -> Iterator[str]:
    """Complaints about one migration's text."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr == "alter_column" and len(_ALTER_ACTIONS & {word.arg for word in call.keywords}) > 1:
            yield f"line {call.lineno}: more than one action in an ALTER"
        if call.func.attr == "add_column" and _has_inline_constraint(call):
            yield f"line {call.lineno}: inline constraint on ADD COLUMN"
        if call.func.attr == "execute":
            yield from _check_ddl(call)


def _has_inline_constraint(call: ast.Call) -> bool:
    names = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)}
    words = {node.arg for node in ast.walk(call) if isinstance(node, ast.keyword)}
    return bool({"ForeignKey", "CheckConstraint", "UniqueConstraint"} & names or {"unique", "primary_key"} & words)


def _check_ddl(call: ast.Call) -> Iterator[str]:
    for node in ast.walk(call):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if found := _FORBIDDEN_DDL.search(node.value):
                yield f"line {call.lineno}: {found[0]}"
            flat = re.sub(r"\([^()]*\)", "", node.value)
            if re.match(r"\s*ALTER\s", flat, re.IGNORECASE) and "," in flat:
                yield f"line {call.lineno}: more than one action in an ALTER"
