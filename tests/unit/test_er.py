"""The picture of the tables is drawn from the tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_picture_in_the_docs_shows_the_tables_as_they_are() -> None:
    drawn = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "er.py")], capture_output=True, text=True, check=True
    ).stdout
    assert (ROOT / "docs" / "er.svg").read_text() == drawn, "the tables have changed: run `make docs`"
