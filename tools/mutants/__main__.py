"""Sample faults, run for each the tests that are about it, and say which nobody noticed.

    python -m tools.mutants --count 200 --seed 1      go on with this sample; what was tried is not tried again
    python -m tools.mutants --again                   try those once more that lived, against every test of its function
    python -m tools.mutants --only 27e39ee19c3f       one fault, against every test that runs its function
    python -m tools.mutants --jobs 2                  so many faults at once, each in a copy of its own

`survivors.toml` says of each that lives why it may: it changes nothing, or why no test holds it. Exits with 1 when less
than 97 % of those that change something were caught, or one lives without a reason. Notes are kept in var/mutants.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import queue
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tools.mutants import running, suite
from tools.mutants.faults import Named, faults_in
from tools.mutants.targets import targets

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "var" / "mutants"
REASONS = ROOT / "tools" / "mutants" / "survivors.toml"
ENOUGH = 0.97
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
_ABSENT = re.compile(r"^ERROR: (?:not found|file or directory not found): ", re.MULTILINE)
_COPIED = ("src", "tests", "tools", "docs", "pyproject.toml", "README.md", "Makefile", "CHANGELOG.md", "bench")


class Outcome(StrEnum):
    """What became of a fault. The tests of a file that cannot be imported fail, which is noticing."""

    CAUGHT = "caught"
    TOO_LONG = "caught by the time limit"
    LIVES = "lives"
    UNTESTED = "lives, no test runs it"


class Result(NamedTuple):
    """One line of the notes."""

    id: str
    path: str
    line: int
    function: str
    what: str
    outcome: Outcome
    by: str
    """The test that failed, if one did."""

    @property
    def lives(self) -> bool:
        return self.outcome in (Outcome.LIVES, Outcome.UNTESTED)


class Reason(NamedTuple):
    """`equivalent`: it changes nothing that anybody could see."""

    equivalent: bool
    reason: str


def sample(count: int, seed: int) -> list[Named]:
    """A longer sample begins with the shorter one. Where code changes, only the faults in what changed give way."""
    everything = [named for path in targets(ROOT) for named in faults_in(ROOT, ROOT / path)]
    return sorted(everything, key=lambda named: hashlib.sha256(f"{seed} {named.id}".encode()).digest())[:count]


def attempt(tree: Path, named: Named, tests: suite.Suite, *, all_tests: bool) -> tuple[Outcome, str]:
    """Put the fault into the copy, run its tests, take it out: what became of it, and the test that failed."""
    fault = named.fault
    chosen = tests.tests_for(fault.path, fault.function, all_tests=all_tests)
    file = tree / fault.path
    source = file.read_bytes()
    file.write_bytes(fault.put_into(source))
    try:
        ended = running.run_tests(tree, chosen, 60 + 5 * sum(tests.seconds.get(test, 1) for test in chosen))
    finally:
        file.write_bytes(source)
    if ended.code is None:
        return Outcome.TOO_LONG, ""
    if _ABSENT.search(ended.printed):
        raise RuntimeError(
            "The notes name a test that is not there: delete tests.json in var/mutants, then start again."
        )
    if ended.code == 0:
        return (Outcome.LIVES if len(chosen) > len(tests.of_texts) else Outcome.UNTESTED), ""
    failed = _FAILED.search(ended.printed)
    return Outcome.CAUGHT, failed[1] if failed else "all"


def copy_tree(number: int) -> Path:
    """So that a fault never stands where people work, and they may work on meanwhile."""
    tree = KEPT / f"tree-{number}"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        elif source.exists():
            shutil.copy(source, tree / name)
    return tree


def read_results(file: Path) -> dict[str, Result]:
    if not file.exists():
        return {}
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return {row["id"]: Result(**{**row, "outcome": Outcome(row["outcome"])}) for row in rows}


def read_reasons() -> dict[str, Reason]:
    told = tomllib.loads(REASONS.read_text()) if REASONS.exists() else {}
    return {fault_id: Reason(value["equivalent"], value["reason"]) for fault_id, value in told.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=None, help="stop after so many, and go on another time")
    parser.add_argument("--jobs", type=int, default=1, help="try so many at once")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    KEPT.mkdir(parents=True, exist_ok=True)
    notes = KEPT / "results.jsonl"
    results = read_results(notes)
    chosen = sample(10**9 if options.only else options.count, options.seed)
    if options.only:
        chosen = [named for named in chosen if named.id == options.only]
    waiting = [named for named in chosen if _is_to_try(named, results, again=options.again or bool(options.only))]
    waiting = waiting[: options.most]
    if waiting:
        for result in try_all(waiting, options.jobs, all_tests=options.again or bool(options.only), quiet=options.json):
            results[result.id] = result
            with notes.open("a") as kept:
                kept.write(json.dumps(result._asdict()) + "\n")
    tried = [results[named.id] for named in chosen if named.id in results]
    return report(tried, as_json=options.json)


def try_all(waiting: list[Named], jobs: int, *, all_tests: bool, quiet: bool) -> Iterator[Result]:
    tests = suite.load(ROOT, KEPT / "tests.json")
    trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for number in range(jobs):
        trees.put(copy_tree(number))

    def result_of(named: Named) -> Result:
        tree = trees.get()
        try:
            outcome, by = attempt(tree, named, tests, all_tests=all_tests)
        finally:
            trees.put(tree)
        fault = named.fault
        return Result(named.id, fault.path, fault.line, fault.function, fault.what, outcome, by)

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=quiet, transient=True) as progress, ThreadPoolExecutor(jobs) as threads:
        tried = as_completed([threads.submit(result_of, named) for named in waiting])
        for done in progress.track(tried, total=len(waiting), description="Faults tried"):
            yield done.result()


def _is_to_try(named: Named, results: dict[str, Result], *, again: bool) -> bool:
    known = results.get(named.id)
    return known is None or (again and known.lives)


def report(tried: list[Result], *, as_json: bool) -> int:
    """Print what was found; the exit code."""
    reasons = read_reasons()
    living = [result for result in tried if result.lives]
    same = {result.id for result in living if result.id in reasons and reasons[result.id].equivalent}
    real = len(tried) - len(same)
    caught = len(tried) - len(living)
    unexplained = [result for result in living if result.id not in reasons]
    share = caught / real if real else 1.0
    if as_json:
        summary = {"tried": len(tried), "equivalent": len(same), "caught": caught, "share": round(share, 4)}
        print(json.dumps({**summary, "living": [result._asdict() for result in living]}, indent=2))
    else:
        for result in living:
            reason = reasons[result.id].reason if result.id in reasons else "NO REASON GIVEN"
            print(f"{result.id}  {result.path}:{result.line} {result.function}\n    {result.what}\n    {reason}")
        print(f"{len(tried)} faults, {len(same)} change nothing; of the other {real}, {caught} caught: {share:.1%}")
    return 0 if share >= ENOUGH and not unexplained else 1


if __name__ == "__main__":
    sys.exit(main())
