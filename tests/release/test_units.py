"""The systemd units: systemd understands them, and they let the server do little else on the machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_each_line(unit: Path) -> None:
    """Programs and users of the unit are not on this machine: what is said about those is left out."""
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    about_it = [line for line in done.stderr.splitlines() if unit.name in line and "is not executable" not in line]
    assert about_it == []


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_is_exposed_by_less_than_two_of_ten(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=19", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-200:]


@pytest.mark.parametrize("timer", [unit for unit in UNITS if unit.suffix == ".timer"], ids=lambda unit: unit.name)
def test_a_timer_has_its_service(timer: Path) -> None:
    assert timer.with_suffix(".service") in SERVICES


def test_the_pages_name_the_units_that_there_are() -> None:
    named = set(re.findall(r"tenantry(?:-\w+)+\.timer", (ROOT / "docs" / "operating.md").read_text()))
    assert named == {unit.name for unit in UNITS if unit.suffix == ".timer"}
