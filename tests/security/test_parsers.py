"""No reader of what strangers send is slow on any Python of the machine: some patch releases had quadratic ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 0.25


def pythons() -> list[str]:
    """Every one from 3.11 on, each version once; there is always the one that runs this."""
    found = [sys.executable]
    found += map(str, sorted(Path.home().glob(".pyenv/versions/*/bin/python")))
    found += filter(None, (shutil.which(f"python3.{minor}") for minor in range(11, 30)))
    found += filter(None, ["/usr/bin/python3", "/usr/local/bin/python3"])
    versions: dict[str, str] = {}
    for python in found:
        if Path(python).exists():
            asked = [python, "-c", "import sys; print(sys.version_info >= (3, 11), sys.version.split()[0])"]
            said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
            if said[:1] == ["True"]:
                versions.setdefault(said[1], python)
    return list(versions.values())


@pytest.mark.parametrize("python", pythons())
def test_no_text_of_a_stranger_is_read_slowly(python: str) -> None:
    paths = [str(ROOT / "src"), str(ROOT), sysconfig.get_paths()["purelib"]]
    done = subprocess.run(
        [python, "-m", "tests.support.parsing"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert done.returncode == 0, done.stderr
    assert {name: took for name, took in json.loads(done.stdout).items() if took >= LONGEST} == {}
