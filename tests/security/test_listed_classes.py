"""docs/security.md names a test for each class of flaw, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
PAGE = ROOT / "docs" / "security.md"
CLASSES = (
    *("redirect matching", "open redirect", "algorithm and key confusion", "races", "ids of another tenant"),
    *("enumeration", "host headers", "SSRF", "randomness", "timing", "work before authentication", "mass assignment"),
    *("invitations", "binding to the client", "limits bypassed", "account linking", "audience"),
    *("delegated escalation", "path confusion", "switches only in the page", "a side door around a lock-out"),
    *("secrets to the wrong party", "forged cookies", "mix-up of identity providers"),
)
"""Those of the field. The page may have more."""


def _rows() -> list[list[str]]:
    table = PAGE.read_text().partition("| class of flaw |")[2].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table if line.startswith("|")]


def _named(row: list[str]) -> list[str]:
    return re.findall(r"`([^`]+)`", row[2]) if len(row) == 3 else []


def test_every_test_that_the_page_names_is_there() -> None:
    missing = []
    for name in {name for row in _rows() for name in _named(row)}:
        file, _, function = name.partition("::")
        found = _tests_in(TESTS / file)
        if not found or (function and function not in found):
            missing.append(name)
    assert missing == []


def _tests_in(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text())) if path.exists() else ()
    functions = [node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {name for name in functions if name.startswith("test_")}


def test_every_class_has_a_test_and_every_file_of_this_directory_a_class() -> None:
    rows = [row for row in _rows() if not row[0].startswith("**")]
    assert [row[0] for row in rows if not _named(row)] == []
    assert [each for each in CLASSES if not any(row[0].startswith(each) for row in rows)] == []
    here = {f"security/{path.name}" for path in Path(__file__).parent.glob("test_*.py")}
    named = {name.partition("::")[0] for row in rows for name in _named(row)}
    assert here - named == set(), "What does it forbid? Give it a row in docs/security.md."


def test_no_module_makes_secrets_of_guessable_numbers() -> None:
    """Python's `random` is foretold by who has seen some of it."""
    found = []
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path.name}: {name}" for name in names if name in ("random", "numpy.random")]
    assert found == []
