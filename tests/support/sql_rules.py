"""Checks that the same SQL can run on SQLite, PostgreSQL and Citus, and that no statement reaches past its tenant.

`tests/unit/store/test_sql_rules.py` shows each rule a text that breaks it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
import sqlglot
from sqlglot import exp

OF_POSTGRESQL = re.compile("to_regclass|pg_stat_activity|current_setting")
"""What SQLite does not know, so that it has no plan and no columns for a statement with it."""
_SQL_ARGUMENT = {"one_or_none": 1, "all": 1, "run": 0, "run_many": 0, "run_each": 0}
_STATEMENT = re.compile(r"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s)")
_VOLATILE = re.compile(
    r"""\b(random|randomblob|now|gen_random_uuid|uuid_generate_v4|clock_timestamp|statement_timestamp|timeofday
    |transaction_timestamp|nextval|currval|setval|unixepoch|julianday|strftime|datetime|date|time)\s*\(
    |\bcurrent_(timestamp|date|time)\b|\blocaltime(stamp)?\b""",
    re.IGNORECASE | re.VERBOSE,
)
_FORBIDDEN = re.compile(r"\bSKIP\s+LOCKED\b|\bLISTEN\b|\bNOTIFY\b|\bpg_\w*advisory\w*", re.IGNORECASE)


class Statement(NamedTuple):
    """`shape` is what rows are read into, as it is written; None where no rows are read."""

    where: str
    sql: str | None
    """None: the statement is put together at run time, where nobody can read it."""
    shape: str | None = None
    parameters: frozenset[str] | None = None
    """What the call gives by name; None where it gives a mapping, which nobody can read."""


def statements_below(folder: Path) -> list[Statement]:
    """Those of every file below `folder` but its migrations, by their path from there."""
    files = [path for path in sorted(folder.rglob("*.py")) if "migrations" not in path.parts]
    return [
        statement._replace(where=f"{path.relative_to(folder).parent}/{statement.where}".removeprefix("./"))
        for path in files
        for statement in statements_of(path)
    ]


def statements_of(path: Path) -> Iterator[Statement]:
    """Every SQL text handed to a block in one file.

    Constants of the module and of one beside it may be part of it, and the fields of an argument that is one of the
    file's enums, whose members are all there can be: there is a text for each. Nothing else.
    """
    tree = ast.parse(path.read_text())
    constants = _beside(path, tree) | _assigned(tree)
    members = _members_by_call(tree)
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if ast.unparse(call.func) == "asyncio.run":
            continue
        position = _SQL_ARGUMENT.get(call.func.attr)
        if position is not None and len(call.args) > position:
            for member, fields in members.get(call, {"": {}}).items():
                where = f"{path.name}:{call.lineno}{member and f' {member}'}"
                text = _text(call.args[position], constants | fields)
                shape = ast.unparse(call.args[0]) if position == 1 else None
                names = [keyword.arg for keyword in call.keywords]
                readable = call.func.attr not in ("run_many", "run_each") and None not in names
                given = frozenset(name for name in names if name is not None) if readable else None
                yield Statement(where, text, shape, given)


def _assigned(owner: ast.Module | ast.ClassDef) -> dict[str, ast.expr]:
    return {
        node.targets[0].id: node.value
        for node in owner.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def _beside(path: Path, tree: ast.Module) -> dict[str, ast.expr]:
    """Constants that the file imports from one in its own folder."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if not isinstance(node, ast.ImportFrom):
            continue
        *_, folder, name = ("", *(node.module or "").split("."))
        file = path.with_name(f"{name}.py")
        if folder == path.parent.name and file.exists():
            theirs = _assigned(ast.parse(file.read_text()))
            found |= {alias.name: theirs[alias.name] for alias in node.names if alias.name in theirs}
    return found


def _members_by_call(tree: ast.Module) -> dict[ast.AST, dict[str, dict[str, ast.expr]]]:
    """For each call in a function with such an argument: member -> "argument.field" -> value."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    found: dict[ast.AST, dict[str, dict[str, ast.expr]]] = {}
    for function in ast.walk(tree):
        if not isinstance(function, ast.AsyncFunctionDef):
            continue
        for argument in function.args.args:
            kind = classes.get(ast.unparse(argument.annotation)) if argument.annotation else None
            if kind is None or [ast.unparse(base) for base in kind.bases][1:] != ["Enum"]:
                continue
            shape = classes[ast.unparse(kind.bases[0])]
            members = {
                member: {f"{argument.arg}.{field}": value for field, value in _fields(shape, made).items()}
                for member, made in _assigned(kind).items()
            }
            found |= {call: members for call in ast.walk(function) if isinstance(call, ast.Call)}
    return found


def _fields(shape: ast.ClassDef, made: ast.expr) -> dict[str, ast.expr]:
    """What `made`, a call of the NamedTuple, gives its fields."""
    declared = [node for node in shape.body if isinstance(node, ast.AnnAssign)]
    names = [ast.unparse(node.target) for node in declared]
    defaults = {name: node.value for name, node in zip(names, declared, strict=True) if node.value is not None}
    if not isinstance(made, ast.Call) or ast.unparse(made.func) != shape.name:
        return {}
    given = {word.arg: word.value for word in made.keywords if word.arg is not None}
    return defaults | dict(zip(names, made.args, strict=False)) | given


def _text(node: ast.expr, constants: dict[str, ast.expr]) -> str | None:
    parts: list[str | None]
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.Name() | ast.Attribute() if ast.unparse(node) in constants:
            return _text(constants[ast.unparse(node)], constants)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            parts = [_text(left, constants), _text(right, constants)]
        case ast.JoinedStr(values=values):
            parts = [_text(value, constants) for value in values]
        case ast.FormattedValue(value=value):
            return _text(value, constants)
        case _:
            return None
    return None if None in parts else "".join(part for part in parts if part is not None)


def sql_outside_the_store(path: Path) -> list[str]:
    """String literals that read like a statement; docstrings are prose."""
    tree = ast.parse(path.read_text())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        f"{path.name}:{node.lineno}: SQL outside store/"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in prose
        and _STATEMENT.match(node.value)
    ]


def check_statement(sql: str, metadata: sa.MetaData) -> list[str]:
    """Complaints about one statement."""
    owned = {name for name, table in metadata.tables.items() if table.info["kind"] == "owned"}
    bare = re.sub(r"'(?:[^']|'')*'", "''", sql)
    complaints = [f"volatile function {match[0]}" for match in _VOLATILE.finditer(bare)]
    complaints += [f"forbidden: {match[0]}" for match in _FORBIDDEN.finditer(bare)]
    if complaints:
        return complaints
    tree = sqlglot.parse_one(sql, dialect="postgres")
    if tree.find(exp.Offset):
        complaints.append("OFFSET")
    for update in tree.find_all(exp.Update, exp.OnConflict):
        for assignment in update.expressions:
            if isinstance(assignment, exp.EQ) and assignment.this.name == "tenant_id":
                complaints.append("tenant_id is changed")
    for insert in tree.find_all(exp.Insert):
        complaints += _check_insert(insert, owned)
    complaint = "is walked from tenant to tenant" if _is_walk(tree) else "is not bound to a tenant"
    return complaints + [f"{table} {complaint}" for table in _unbound(tree, owned)]


def _is_walk(tree: exp.Expr) -> bool:
    """One table, read behind a key that begins with the tenant, in the order of that key, up to a limit."""
    if not isinstance(tree, exp.Select) or len(list(tree.find_all(exp.Table))) != 1 or not tree.args.get("limit"):
        return False
    order = tree.args.get("order")
    columns = [ordered.this.name for ordered in order.expressions] if order else []
    return columns[:1] == ["tenant_id"] and any(
        isinstance(behind.left, exp.Tuple) and [column.name for column in behind.left.expressions] == columns
        for behind in tree.find_all(exp.GT)
    )


def _check_insert(insert: exp.Insert, owned: set[str]) -> Iterator[str]:
    target = insert.this
    table = target.find(exp.Table).name
    columns = [column.name for column in target.expressions] if isinstance(target, exp.Schema) else []
    if table not in owned:
        return
    if "tenant_id" not in columns:
        yield f"insert into {table} names no tenant_id"
    conflict = insert.args.get("conflict")
    if conflict is not None:
        keys = [key.name for key in conflict.args.get("conflict_keys") or []]
        if keys[:1] != ["tenant_id"]:
            yield f"ON CONFLICT of {table} does not start with tenant_id"


class _Scope(NamedTuple):
    tables: dict[str, str]
    """alias -> table"""
    outer: _Scope | None
    conditions: list[exp.Expr]


def _unbound(tree: exp.Expr, owned: set[str]) -> list[str]:
    """Owned tables that no chain of ANDed equalities ties to a `:…tenant_id` parameter."""
    scopes = list(_scopes(tree, None))
    ties: list[set[object]] = []
    for scope in scopes:
        for condition in scope.conditions:
            for equality in condition.flatten() if isinstance(condition, exp.And) else [condition]:
                if isinstance(equality, exp.EQ):
                    _tie(ties, _node(equality.left, scope), _node(equality.right, scope))
    bound: set[object] = {"tenant"}.union(*(tie for tie in ties if "tenant" in tie))
    return [
        table
        for scope in scopes
        for alias, table in scope.tables.items()
        if table in owned and (id(scope.tables), alias, "tenant_id") not in bound
    ]


def _tie(ties: list[set[object]], left: object, right: object) -> None:
    if left is None or right is None:
        return
    touched = [tie for tie in ties if left in tie or right in tie]
    for tie in touched:
        ties.remove(tie)
    ties.append({left, right}.union(*touched))


def _node(side: exp.Expr, scope: _Scope) -> object:
    """The word "tenant" for a tenant parameter, (scope, alias, column) for a column, None for anything else."""
    if isinstance(side, exp.Cast | exp.Paren):
        return _node(side.this, scope)
    if isinstance(side, exp.Placeholder):
        return "tenant" if side.name.endswith("tenant_id") else None
    if not isinstance(side, exp.Column):
        return None
    if not side.table:
        return (id(scope.tables), next(iter(scope.tables)), side.name) if len(scope.tables) == 1 else None
    here: _Scope | None = scope
    while here is not None and side.table not in here.tables:
        here = here.outer
    return None if here is None else (id(here.tables), side.table, side.name)


def _scopes(query: exp.Expr, outer: _Scope | None) -> Iterator[_Scope]:
    """One scope for each SELECT, UPDATE, DELETE: its own tables and conditions, and then those inside it."""
    scope = outer
    if isinstance(query, exp.Select | exp.Update | exp.Delete):
        scope = _Scope({}, outer, [])
        for part in _own_parts(query):
            if isinstance(part, exp.Table):
                scope.tables[part.alias_or_name] = part.name
            elif isinstance(part, exp.Where):
                scope.conditions.append(part.this)
            elif isinstance(part, exp.Join) and part.args.get("on") is not None:
                scope.conditions.append(part.args["on"])
        yield scope
    for inner in _inner_queries(query):
        yield from _scopes(inner, scope)


def _own_parts(query: exp.Expr) -> Iterator[exp.Expr]:
    for child in query.iter_expressions():
        if not isinstance(child, exp.Select | exp.Update | exp.Delete | exp.Insert):
            yield child
            yield from _own_parts(child)


def _inner_queries(query: exp.Expr) -> Iterator[exp.Expr]:
    for child in query.iter_expressions():
        if isinstance(child, exp.Select | exp.Update | exp.Delete | exp.Insert):
            yield child
        else:
            yield from _inner_queries(child)
