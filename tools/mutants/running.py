"""Runs tests in a copy of the repository. What others wrote is imported once: that takes longer than most tests do."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import NamedTuple

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    [
        "pytest", "pytest_asyncio.plugin", "hypothesis", "_hypothesis_pytestplugin", "fastapi", "httpx",
        "anyio.pytest_plugin", "alembic.command", "asyncpg", "cryptography", "structlog", "rich.progress",
    ]
)  # fmt: skip


class Ended(NamedTuple):
    """`code` is pytest's own, None when it took too long."""

    code: int | None
    printed: str


def run_tests(tree: Path, tests: list[str], most_seconds: float) -> Ended:
    """Until the first that fails."""
    output = tree / "printed.txt"
    process = _SERVER.Process(target=_run, args=(tree, tests, output))
    process.start()
    process.join(most_seconds)
    code = process.exitcode
    if code is None and process.pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
    return Ended(code, output.read_text(errors="replace"))


def _run(tree: Path, tests: list[str], output: Path) -> None:
    """No byte code is written: that of a file that changes twice a second would be taken for the other's."""
    os.setsid()
    with output.open("wb") as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
    os.chdir(tree)
    os.environ["PYTHONPATH"] = f"{tree / 'src'}:{tree}"
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(tree / "src"), str(tree)]
    for name in [name for name in sys.modules if name.partition(".")[0] == "tools"]:
        del sys.modules[name]
    import pytest

    left_out = ["-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:xdist"]
    sys.exit(pytest.main([*tests, "-x", "-q", *left_out, "-W", "ignore::pytest.PytestAssertRewriteWarning"]))
