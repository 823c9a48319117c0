"""Which tests run a function, as one run of the suite has found, and how long each takes."""

from __future__ import annotations

import ast
import json
import math
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from tools.mutants.targets import targets

SELECTED = "not browser and not chaos and not bench"
FOLDERS = ("tests/unit", "tests/security", "tests/surfaces", "tests/completeness", "tests/portal", "tests/cli")
MOST_SECONDS = 30.0
"""Of tests for one fault. Those that run the fewest functions come first: they are about this one."""


class Suite(NamedTuple):
    """`seconds` by test, of those that pass as the code is. `tests` by file and function; the name of a function inside
    a class has that of the class before it.
    """

    seconds: dict[str, float]
    tests: dict[str, dict[str, list[str]]]

    def tests_for(self, path: str, function: str, *, all_tests: bool = False) -> list[str]:
        """What is said outside of functions is held by whatever runs any function of the file, or beside it."""
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
        return chosen

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
    """From the file, which is made first when it is not there. Tests that went away since are left out."""
    if not kept.exists():
        kept.write_text(json.dumps(_record(root, kept.parent)._asdict()))
    noted = Suite(**json.loads(kept.read_text()))
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:schemathesis", "--collect-only", *FOLDERS],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    there = set(listed.stdout.splitlines())
    return noted._replace(seconds={test: took for test, took in noted.seconds.items() if test in there})


def _record(root: Path, folder: Path) -> Suite:
    """Run the suite on SQLite, noting: takes a few times as long as that does."""
    print("Noting which test runs which line; takes a while.", file=sys.stderr)
    for old in folder.glob("lines*"):
        old.unlink()
    given = {
        "TENANTRY_MUTANTS_DATA": str(folder / "lines"),
        "TENANTRY_MUTANTS_INCLUDE": ":".join(str(root / path) for path in targets(root)),
    }
    arguments = ["-q", "-n0", "-p", "tools.mutants.recorder", "-m", SELECTED, "-k", "not postgresql", *FOLDERS]
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
