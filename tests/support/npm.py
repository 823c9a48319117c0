"""Clients and providers from npm, installed as their lock files say: once for each lock, since one of them is large."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import pytest


def installed(sources: Path) -> Path:
    """A folder with the files of `sources` and their node_modules. Skips the test where that cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip(f"Node.js is not installed, so what {sources.name} needs from npm cannot be run.")
    kept = Path(sys.prefix) / "npm"
    kept.mkdir(exist_ok=True)
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(sources.iterdir()):
        digest.update(file.read_bytes())
    folder = kept / f"{sources.name}-{digest.hexdigest()}"
    if not folder.exists():
        part = Path(mkdtemp(dir=kept))
        for file in sources.iterdir():
            shutil.copy(file, part)
        command = (npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
        done = subprocess.run(command, cwd=part, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shutil.rmtree(part)
            pytest.skip(f"npm could not install what {sources.name} needs: {done.stderr[-200:].strip()}")
        with suppress(OSError):  # another test process was quicker
            part.rename(folder)
    return folder
