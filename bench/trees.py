"""The trees that are compared, this one and another commit's. Each has an environment of its own, and data that its own
code has seeded.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.load import Requests

HERE = Path(__file__).resolve().parent.parent
_SEEDING = Path(__file__).with_name("seeding.py")


@dataclass(frozen=True, slots=True)
class Tree:
    """`root`: the repository's files. `python`: the interpreter whose environment the code is installed in."""

    name: str
    root: Path
    python: str

    def data_dir(self, world: str, size: int, scratch: Path) -> Path:
        """A data directory for one server alone, with `size` tokens. It is seeded the first time, and then copied."""
        cache, target = HERE / "var" / "bench" / "against" / f"{self.name}-data", scratch / f"{world}-{self.name}"
        command = [self.python, "-c", _SEEDING.read_text(), f"{world}-{size}", str(cache), str(target)]
        subprocess.run(command, cwd=self.root, check=True)
        return target / f"{world}-{size}"


def this_tree() -> Tree:
    return Tree("now", HERE, sys.executable)


def tree_of(commit: str) -> Tree:
    """Check out a commit in a directory that is kept, and install what it needs by its own `make setup-dev`.

    Raises CalledProcessError when there is no such commit.
    """
    name = _git("rev-parse", "--verify", "--short=12", f"{commit}^{{commit}}")
    root = HERE / "var" / "bench" / "against" / name
    ready = root / ".venv" / ".ready"
    if not ready.exists():
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        files = subprocess.run(["git", "archive", name], cwd=HERE, check=True, stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x"], cwd=root, check=True, input=files.stdout)
        subprocess.run(["make", "--no-print-directory", "setup-dev"], cwd=root, check=True, stdout=sys.stderr)
        ready.touch()
    return Tree(name, root, str(root / ".venv" / "bin" / "python"))


def requests_in(data_dir: Path, file: str, *, once: bool = False) -> Requests:
    """The requests that a seed wrote as `file` (worlds.py `RequestsFile`)."""
    facts = json.loads((data_dir / file).with_suffix(".json").read_text())
    return Requests(data_dir / file, facts["length"], facts["count"], once=once)


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=HERE, check=True, capture_output=True, text=True).stdout.strip()
