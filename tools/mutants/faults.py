"""What a careless change to a file may look like: each place where a condition, a value or a step can be got wrong."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

from tools.mutants.sql_faults import looks_like_sql, sql_faults


class Fault(NamedTuple):
    """The bytes from `start` to `end` of the file become `new`. `function` is "" outside of functions."""

    path: str
    line: int
    function: str
    what: str
    start: int
    end: int
    new: str

    def put_into(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]


class Named(NamedTuple):
    """`id` stays as long as the function and what is wrong in it do, whatever comes before in the file."""

    id: str
    fault: Fault


def faults_in(root: Path, path: Path) -> list[Named]:
    """Those after which the file is still Python, in the order of the file."""
    source = path.read_bytes()
    found = _Finder(source, str(path.relative_to(root))).all_faults()
    seen: dict[str, Iterator[int]] = {}
    named: list[Named] = []
    for fault in sorted(found, key=lambda fault: (fault.start, fault.end, fault.new)):
        try:
            ast.parse(fault.put_into(source))
        except SyntaxError:
            continue
        text = "\0".join([fault.path, fault.function, fault.what, _flat(source[fault.start : fault.end].decode())])
        number = next(seen.setdefault(text, count()))
        named.append(Named(hashlib.sha256(f"{text}\0{number}".encode()).hexdigest()[:12], fault))
    return named


def _flat(text: str) -> str:
    return " ".join(text.split())


_OPPOSITES: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
_SENTENCE = 40
"""Longer texts are for people, who notice themselves."""


class _Finder(ast.NodeVisitor):
    def __init__(self, source: bytes, path: str) -> None:
        self._source, self._path = source, path
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self._functions: list[str] = []
        self._found: list[Fault] = []

    def all_faults(self) -> list[Fault]:
        self.visit(ast.parse(self._source))
        return self._found

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._lines[node.lineno - 1] + node.col_offset, self._lines[node.end_lineno - 1] + node.end_col_offset

    def _text(self, node: ast.expr | ast.stmt) -> str:
        start, end = self._span(node)
        return self._source[start:end].decode()

    def _add(self, what: str, start: int, end: int, new: str) -> None:
        line = self._source.count(b"\n", 0, start) + 1
        self._found.append(Fault(self._path, line, ".".join(self._functions), what, start, end, new))

    def _replace(self, what: str, node: ast.expr | ast.stmt, new: str) -> None:
        self._add(f"{what}: {_flat(self._text(node))[:90]}", *self._span(node), new)

    def visit(self, node: ast.AST) -> None:
        """Into the bodies of functions and classes only: names, annotations and decorators are held by mypy."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._functions.append(node.name)
            for statement in node.body:
                self.visit(statement)
            self._functions.pop()
        else:
            super().visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        self._turn_round(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._turn_round(node)

    def _turn_round(self, node: ast.If | ast.IfExp) -> None:
        if not isinstance(node.test, ast.Compare):  # whose operator is turned round
            self._replace("condition turned round", node.test, f"(not ({self._text(node.test)}))")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for dropped in node.values:
            if isinstance(dropped, ast.Constant):
                continue  # what stands in for nothing
            neutral = "True" if isinstance(node.op, ast.And) else "False"
            self._replace("part of a condition dropped", dropped, neutral)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
            old, new = _OPPOSITES[type(operator)]
            start, end = self._span(left)[1], self._span(right)[0]
            between = self._source[start:end].decode()
            if old in between:
                what = f"{old} becomes {new}: {_flat(self._text(node))[:90]}"
                self._add(what, start, end, between.replace(old, new, 1))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        signs = {ast.Add: ("+", "-"), ast.Sub: ("-", "+")}
        if type(node.op) in signs and not isinstance(node.left, ast.Constant | ast.JoinedStr):
            old, new = signs[type(node.op)]
            start, end = self._span(node.left)[1], self._span(node.right)[0]
            between = self._source[start:end].decode()
            self._add(f"{old} becomes {new}: {_flat(self._text(node))[:90]}", start, end, between.replace(old, new, 1))
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not isinstance(node.value, ast.Constant):
            self._replace("nothing answered", node.value, "None")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace("not raised", node, "pass")

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return  # prose
        if isinstance(node.value, ast.Call | ast.Await):
            self._replace("step left out", node, "pass")
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._sql(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._replace("flag turned", node, str(not value))
        elif isinstance(value, int):
            self._replace("another number", node, str(value + 1))
        elif isinstance(value, str) and looks_like_sql(value):
            self._sql(node)
        elif isinstance(value, str) and 0 < len(value) < _SENTENCE and not value.endswith("."):
            self._replace("another word", node, repr(f"{value}x"))

    def _sql(self, node: ast.Constant | ast.JoinedStr) -> None:
        text = self._text(node)
        if looks_like_sql(text):
            base = self._span(node)[0]
            for what, start, end, new in sql_faults(text):
                at, to = (len(text[:position].encode()) for position in (start, end))
                self._add(what, base + at, base + to, new)
