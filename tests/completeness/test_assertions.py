"""A test that cannot fail says nothing: each asserts something itself, or in a function that says so by its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
RAISES = {"pytest.raises", "pytest.fail", "expect"}
"""The last is Playwright's, which waits for what it expects."""
MACHINE = "run_state_machine_as_test"
"""Hypothesis runs the rules of a class, which assert."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _asserts(node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.Assert)
        or (isinstance(each, ast.Call) and ast.unparse(each.func) in RAISES)
        or (isinstance(each, ast.Raise) and each.exc is not None and "AssertionError" in ast.unparse(each.exc))
        for each in ast.walk(node)
    )


def _names(node: ast.AST) -> set[str]:
    """Of everything that is used, so that what runs in a thread is found, too."""
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def _is_check(name: str) -> bool:
    return name.lstrip("_").split("_")[0] in ("check", "require")


def _files() -> Iterator[tuple[Path, list[Function]]]:
    for path in sorted(TESTS.rglob("*.py")):
        tree = ast.parse(path.read_text())
        yield path, [node for node in ast.walk(tree) if isinstance(node, Function)]


def test_every_test_asserts_something_or_calls_a_check() -> None:
    silent = []
    files = list(_files())
    checks = {each.name for _, functions in files for each in functions if _is_check(each.name) and _asserts(each)}
    for path, functions in files:
        local = {each.name for each in functions if _is_check(each.name)}
        for function in functions:
            if function.name.startswith("test_") and not _asserts(function):
                used = _names(function)
                if not used & (checks | local) and MACHINE not in used:
                    silent.append(f"{path.relative_to(TESTS)}::{function.name}")
    assert silent == []


def test_every_check_asserts_something() -> None:
    """Itself, or in what it calls in its file."""
    silent = []
    for path, functions in _files():
        if path.is_relative_to(TESTS / "support"):
            continue  # those answer what is wrong
        asserting = {function.name for function in functions if _asserts(function)}
        silent += [
            f"{path.relative_to(TESTS)}::{function.name}"
            for function in functions
            if _is_check(function.name) and not _asserts(function) and not _names(function) & asserting
        ]
    assert silent == []
