"""What the server has loaded when it begins to listen: nothing that no token endpoint needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / "src"
LATER = (
    "fastapi",
    "jinja2",
    "babel",
    "webauthn",
    "joserfc",
    "phonenumbers",
    "structlog",
    "rich",
    "sqlalchemy",
    "apprise",
)


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    program = "import sys, tenantry.app, tenantry.cli.main, tenantry.cli.http, tenantry.demo.data; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", LATER)
def test_it_is_not_loaded_before_the_server_listens(loaded: set[str], module: str) -> None:
    assert "tenantry.surfaces.kaizala.access_token" in loaded
    assert module not in loaded
