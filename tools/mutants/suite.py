"""Which tests run a function, as one run of the suite has found, and how long each takes."""

from __future__ import annotations

import ast
import json
import math
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tools.mutants.targets import targets

SELECTED = "not browser and not chaos and not bench"
_CHOSEN = ("-m", SELECTED, "-k", "not postgresql")
FOLDERS = ("tests/unit", "tests/security", "tests/surfaces", "tests/completeness", "tests/portal", "tests/cli")
OF_TEXTS = ("tests/unit/test_moments.py", "tests/unit/test_words.py")
"""Tests of what the code says, which run none of it: they are about every fault."""
MOST_SECONDS = 30.0
"""Of tests for one fault. Those that run the fewest functions come first: they are about this one."""


class Suite(NamedTuple):
    """`seconds` by test, of those that pass as the code is. `tests` by file and function; the name of a function inside
    a class has that of the class before it.
    """

    seconds: dict[str, float]
    tests: dict[str, dict[str, list[str]]]
    of_texts: tuple[str, ...] = ()

    def tests_for(self, path: str, function: str, *, all_tests: bool = False) -> list[str]:
        """What is said outside of functions is held by whatever runs any function of the file, or beside it. Tests of
        texts come first.
        """
        by_function = self.tests.get(path, {})
        beside = [tests for other, tests in self.tests.items() if Path(other).parent == Path(path).parent]
        found = by_function.get(function) or self._any([by_function]) or self._any(beside)
        breadth = self._breadth()
        chosen: list[str] = []
        left = math.inf if all_tests else MOST_SECONDS
        for test in sorted(self.seconds.keys() & set(found), key=lambda test: (breadth[test], test)):
            left -= self.seconds[test]
            if left < 0:
                break
            chosen.append(test)
        return [*self.of_texts, *chosen]

    @staticmethod
    def _any(files: list[dict[str, list[str]]]) -> list[str]:
        return sorted({test for by_function in files for tests in by_function.values() for test in tests})

    def _breadth(self) -> dict[str, int]:
        counts: dict[str, int] = defaultdict(int)
        for by_function in self.tests.values():
            for tests in by_function.values():
                for test in tests:
                    counts[test] += 1
        return counts


def load(root: Path, kept: Path) -> Suite:
    """From the file. Tests that are not in it, in the beginning all, are run and noted first; those that went away are
    left out.
    """
    noted = Suite(**json.loads(kept.read_text())) if kept.exists() else Suite({}, {})
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:schemathesis", "--collect-only", *_CHOSEN, *FOLDERS],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    there = {line for line in listed.stdout.splitlines() if "::" in line}
    if new := sorted(there - noted.seconds.keys()):
        noted = _both(noted, _record(root, kept.parent, new if noted.seconds else FOLDERS))
        kept.write_text(json.dumps({"seconds": noted.seconds, "tests": noted.tests}))
    return noted._replace(
        seconds={test: took for test, took in noted.seconds.items() if test in there},
        of_texts=tuple(sorted(test for test in there if test.startswith(OF_TEXTS))),
    )


def _both(one: Suite, other: Suite) -> Suite:
    tests: dict[str, dict[str, list[str]]] = {}
    for path in one.tests.keys() | other.tests.keys():
        first, second = one.tests.get(path, {}), other.tests.get(path, {})
        tests[path] = {
            name: sorted({*first.get(name, ()), *second.get(name, ())}) for name in first.keys() | second.keys()
        }
    return Suite(one.seconds | other.seconds, tests)


def _record(root: Path, folder: Path, chosen: Sequence[str]) -> Suite:
    """Run tests on SQLite, noting: takes a few times as long as they do."""
    print("Noting which test runs which line; takes a while.", file=sys.stderr)
    for old in folder.glob("lines*"):
        old.unlink()
    given = {
        "TENANTRY_MUTANTS_DATA": str(folder / "lines"),
        "TENANTRY_MUTANTS_INCLUDE": ":".join(str(root / path) for path in targets(root)),
    }
    arguments = ["-q", "-n0", "-p", "tools.mutants.recorder", *_CHOSEN, *chosen]
    subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=root, env={**os.environ, **given}, check=False)
    return read_notes(root, folder, json.loads((folder / "lines.seconds").read_text()))


def read_notes(root: Path, folder: Path, seconds: dict[str, float]) -> Suite:
    """What the recorder left: lines become functions, so that the notes outlive a line that is added above."""
    from coverage import CoverageData

    tests: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    files = [path for path in folder.iterdir() if path.name.startswith(("lines", "data")) and path.suffix != ".seconds"]
    for file in files:
        data = CoverageData(str(file))
        data.read()
        for measured in data.measured_files():
            path = Path(measured)
            functions = _functions_by_line(path.read_text())
            for line, names in data.contexts_by_lineno(measured).items():
                if line in functions:
                    tests[str(path.relative_to(root))][functions[line]].update(name for name in names if name)
    return Suite(
        seconds,
        {path: {name: sorted(found) for name, found in by_name.items()} for path, by_name in tests.items()},
    )


def _functions_by_line(source: str) -> dict[int, str]:
    found: dict[int, str] = {}

    def walk(node: ast.AST, names: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = (*names, child.name)
                if not isinstance(child, ast.ClassDef):
                    # The line of `def` runs on import, the body when it is called.
                    found.update(
                        dict.fromkeys(range(child.body[0].lineno, (child.end_lineno or 0) + 1), ".".join(inner))
                    )
                walk(child, inner)

    walk(ast.parse(source), ())
    return found
