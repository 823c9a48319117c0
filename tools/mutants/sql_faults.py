"""The same for SQL text: a condition that always holds, another boundary, another order.

A condition is not cut out but made true, so that its parameter is still named: else the engine itself would refuse the
statement. What ties a table to its tenant is left alone, since a test of the text proves that for every statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

SqlFault: TypeAlias = tuple[str, int, int, str]
"""What, where it begins and ends, and what stands there instead."""

_SQL = re.compile(
    r"\b(SELECT\s|INSERT INTO\s|DELETE FROM\s|UPDATE \w+ SET\s|WHERE\s|JOIN\s|RETURNING\s|ORDER BY\s|AND \w+\.?\w* )"
)
_TOKEN = re.compile(r"'[^']*'|\(|\)|(?<= )\{\w+\}|\b[A-Z]+(?: BY| CONFLICT)?\b")
_BEGINS = {"AND", "WHERE", "ON"}
_ENDS = {
    "AND", "OR", "ORDER BY", "GROUP BY", "LIMIT", "RETURNING", "WHERE", "JOIN", "LEFT", "ON CONFLICT", "UNION", "SET",
    "THEN", "ELSE", "END", "HAVING",
}  # fmt: skip
_TIE = re.compile(r"^[\w.{}]*tenant_id = [:\w.]*tenant_id$")
_SWAPS = {
    "IS NULL": "IS NOT NULL",
    "IS NOT NULL": "IS NULL",
    "<=": "<",
    ">=": ">",
    "<": "<=",
    ">": ">=",
    "LEFT JOIN": "JOIN",
    " DESC": "",
    "NOT EXISTS": "EXISTS",
    "EXISTS": "NOT EXISTS",
    "MIN(": "MAX(",
    "MAX(": "MIN(",
}
_SWAPPED = re.compile(
    r"IS NULL|IS NOT NULL|<=|>=|(?<!<)>(?!=)|<(?![=>])|LEFT JOIN| DESC\b|NOT EXISTS|EXISTS|MIN\(|MAX\("
)
_WORD, _NUMBER = re.compile(r"'(\w+)'"), re.compile(r"(?<=[=+\-] )\d+\b")
_LIMIT, _ORDER = re.compile(r"\bLIMIT (:\w+|\d+)"), re.compile(r"\bORDER BY ([\w.]+)(?=[,\s)])(?! DESC)")


def looks_like_sql(text: str) -> bool:
    return _SQL.search(text) is not None


def sql_faults(text: str) -> Iterator[SqlFault]:
    yield from _conditions(text)
    for match in _SWAPPED.finditer(text):
        new = _SWAPS[match[0]]
        yield f"SQL: {match[0].strip()} becomes {new or 'nothing'}: {_line(text, match.start())}", *match.span(), new
    for match in _WORD.finditer(text):
        yield f"SQL: another word: {_line(text, match.start())}", *match.span(), f"'{match[1]}x'"
    for match in _NUMBER.finditer(text):
        yield f"SQL: another number: {_line(text, match.start())}", *match.span(), str(int(match[0]) + 1)
    for match in _LIMIT.finditer(text):
        yield f"SQL: one more: {_line(text, match.start())}", *match.span(), f"{match[0]} + 1"
    for match in _ORDER.finditer(text):
        yield f"SQL: order turned: {_line(text, match.start())}", *match.span(), f"{match[0]} DESC"


def _line(text: str, position: int) -> str:
    start, end = text.rfind("\n", 0, position) + 1, text.find("\n", position)
    return " ".join(text[start : end if end >= 0 else None].split())[:90]


def _conditions(text: str) -> Iterator[SqlFault]:
    tokens = [(match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)]
    for number, (word, _, begin) in enumerate(tokens):
        if word not in _BEGINS:
            continue
        depth, end = 0, len(text.rstrip('"').rstrip())
        for other, start, _ in tokens[number + 1 :]:
            depth += (other == "(") - (other == ")")
            if depth < 0 or (depth == 0 and (other in _ENDS or other[0] == "{")):
                end = start
                break
        condition = text[begin:end].strip()
        if condition and not _TIE.match(condition) and condition.count("{") == condition.count("}"):
            at = text.index(condition, begin)
            what = f"SQL: condition dropped: {' '.join(condition.split())[:90]}"
            yield what, at, at + len(condition), f"({condition} OR 1 = 1)"
