"""On which side of a limit the limit itself lies is said the same way everywhere, in SQL and in Python.

What is good until a moment is over at that moment, and what begins at one has begun: so nothing is `>=` or `<` now. A
list goes on behind the place where it was left, and never at it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

import tenantry
from tests.support.sql_rules import statements_below

SOURCE = Path(tenantry.__file__).parent

MOMENT, BEHIND, FROM, UP_TO, BELOW = {">", "<="}, {">", "<"}, {">="}, {"<="}, {"<"}
BY_PARAMETER = {
    **dict.fromkeys(("now", "latest", "deleted_after", "deleted_until", "verifies_after"), MOMENT),
    **dict.fromkeys(("key", "standing", "after", "after_id", "after_name", "after_since", "after_tenant_id"), BEHIND),
    **dict.fromkeys(("first", "first_name", "from_id", "from_row", "prefix"), FROM),
    **dict.fromkeys(("last", "last_name", "until_id"), UP_TO),
    **dict.fromkeys(("beyond", "deepest", "device_limit", "limit", "before_id", "most"), BELOW),
    "devices": FROM,
}
"""What a column may be to a parameter, by the parameter's name: the one word says it in every statement."""
OF_IDS = {"before": BELOW, "since": FROM}
"""Ids of events begin with the moment: from the first of a time to the one before the next."""
ENDS = ("expires_at", "verifies_until")
OTHERWISE = {"expires_at < :before", "expires_at < :expires_at"}
"""Housekeeping asks what is long over, where the moment itself is no matter; and a later end takes the place of an
earlier one."""

SIGNS: dict[type[exp.Binary], str] = {exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}


def complaints_about_sql(sql: str) -> Iterator[str]:
    for comparison in sqlglot.parse_one(sql, dialect="postgres").find_all(*SIGNS):
        assert isinstance(comparison, exp.Binary)
        sign, left, right = SIGNS[type(comparison)], comparison.left, comparison.right
        if isinstance(right, exp.Tuple):
            right = right.expressions[0]
        name = right.name if isinstance(right, exp.Placeholder) else ""
        text = f"{left.name or left.sql()} {sign} :{name}"
        if left.name == "id" and name in OF_IDS:
            allowed = OF_IDS[name]
        elif name in BY_PARAMETER:
            allowed = BY_PARAMETER[name]
        elif left.name in ENDS and name and text not in OTHERWISE:
            allowed = MOMENT
        elif isinstance(right, exp.Literal) and right.name == "0":
            allowed = {">"}
        else:
            continue
        if sign not in allowed:
            yield text


def complaints_about_python(source: str) -> Iterator[str]:
    """About `now`, and a while before or after it, on either side; and about how much a page shows, where one more was
    asked for to know whether there is more.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
            is_right = _is_now(right) or _is_page(left, right)
            forbidden = (ast.Lt, ast.GtE) if is_right else (ast.Gt, ast.LtE) if _is_now(left) else ()
            if forbidden and isinstance(operator, forbidden):
                yield ast.unparse(node)


def _is_now(side: ast.expr) -> bool:
    if isinstance(side, ast.BinOp) and isinstance(side.right, ast.Name):
        side = side.left
    return isinstance(side, ast.Name) and side.id in ("now", "latest")


def _is_page(left: ast.expr, right: ast.expr) -> bool:
    is_length = isinstance(left, ast.Call) and ast.unparse(left.func) == "len"
    return is_length and isinstance(right, ast.Name) and right.id in ("limit", "shown")


AGES = {"session.authenticated_at + asked.max_age < now", "waiting.at < now - patience"}
"""OpenID Connect Core §3.1.2.1: a sign-in is too old when more time went by than `max_age`. And a writer is
complained about when it waits for longer than that."""


def test_every_statement_says_of_a_limit_on_which_side_it_lies() -> None:
    statements = statements_below(SOURCE / "store")
    wrong = [f"{each.where}: {text}" for each in statements for text in complaints_about_sql(each.sql or "SELECT 1")]
    assert wrong == []


def test_every_comparison_with_now_takes_the_moment_itself_for_the_past() -> None:
    files = sorted(SOURCE.rglob("*.py"))
    wrong = [f"{path.name}: {text}" for path in files for text in complaints_about_python(path.read_text())]
    assert {text.partition(": ")[2] for text in wrong} - AGES == set(), wrong


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("SELECT id FROM grants WHERE expires_at >= :now", "expires_at >= :now"),
        ("SELECT id FROM grants g WHERE g.expires_at < :now", "expires_at < :now"),
        ("SELECT id FROM grants WHERE expires_at < :until", "expires_at < :until"),
        ("SELECT id FROM tenants WHERE deleted_at >= :deleted_after", "deleted_at >= :deleted_after"),
        ("SELECT id FROM users WHERE id >= :after_id", "id >= :after_id"),
        ("SELECT id FROM users WHERE (name, id) >= (:key, :id)", "(name, id) >= :key"),
        ("UPDATE sign_ins SET tries_left = 1 WHERE tries_left >= 0", "tries_left >= :"),
    ],
)
def test_a_limit_on_the_wrong_side_is_found(sql: str, complaint: str) -> None:
    assert list(complaints_about_sql(sql)) == [complaint]


OTHERS = [
    "row.deleted_at < now - RESTORABLE",
    "claims.iat >= now + leeway",
    "now - known > HOUR",
    "len(found) >= limit",
]


@pytest.mark.parametrize(
    "text", ["row.expires_at >= now", "row.expires_at < now", "now > row.end", "now <= row.end", *OTHERS]
)
def test_now_on_the_wrong_side_is_found(text: str) -> None:
    assert list(complaints_about_python(text)) == [text]
