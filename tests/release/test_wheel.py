"""The wheel, as who has no clone installs it: in an environment of its own, with nothing of the repository in reach."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

import tenantry

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tenantry"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("TENANTRY_", "PYTHON"))}


def run(words: Sequence[str | Path], where: Path) -> str:
    """What the command prints; everything about it when it fails."""
    done = subprocess.run(
        list(map(str, words)), cwd=where, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make release` builds it, from a copy: others may be working in the clone."""
    folder = tmp_path_factory.mktemp("wheel")
    clone = folder / "clone"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", clone / "src", ignore=ignored)
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, clone)
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], clone)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_file_of_the_source_and_nothing_else(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("tenantry/")}
    files = {path for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert held == {str(path.relative_to(SOURCE.parent)) for path in files}


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        told = archive.read(name).decode()
    assert f"Version: {tenantry.__version__}" in told
    assert "License-Expression: Apache-2.0" in told
    assert "Requires-Python: >=3.11" in told
    assert "# Tenantry" in told, "the page of the package index"


def test_what_was_installed_from_the_wheel_serves(wheel: Path, tmp_path: Path) -> None:
    """As docs/operating.md has it: the pinned dependencies, then the wheel, then `init` and `serve`."""
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    pip: list[str | Path] = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "-r", ROOT / "requirements" / "runtime.txt"], tmp_path)
    run([*pip, "--no-deps", "--no-index", wheel], tmp_path)
    run([home / "bin" / "python", "-m", "pip", "check"], tmp_path)
    program = home / "bin" / "tenantry"
    assert run([program, "--version"], tmp_path).strip() == tenantry.__version__
    data = ["--data-dir", str(tmp_path / "data")]
    run([program, "init", *data], tmp_path)
    server = subprocess.Popen(
        list(map(str, [program, "serve", *data, "--port", "0"])),
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        assert "Ctrl-C stops it." in server.stdout.readline()
        address = (tmp_path / "data" / "address").read_text().strip()
        with urllib.request.urlopen(f"{address}/readyz") as answer:
            assert json.load(answer) == {"status": "ready"}
        with urllib.request.urlopen(f"{address}/sign-in") as answer:
            assert b"Tenantry" in answer.read(), "pages come with the wheel"
    finally:
        server.terminate()
        server.communicate()
