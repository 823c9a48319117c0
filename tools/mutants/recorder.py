"""A plugin of pytest that notes which test runs which lines, and how long it takes: `-p tools.mutants.recorder`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

_data = os.environ["TENANTRY_MUTANTS_DATA"]
_included = os.environ["TENANTRY_MUTANTS_INCLUDE"].split(":")
_noting = coverage.Coverage(data_file=_data, data_suffix=True, include=_included, config_file=False)
_seconds: dict[str, float] = {}
_failed: set[str] = set()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test's fixtures count as the test."""
    _noting.start()
    _noting.switch_context(item.nodeid)
    try:
        return (yield)
    finally:
        _noting.stop()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0) + report.duration
    if report.failed:
        _failed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    _noting.save()
    Path(f"{_data}.seconds").write_text(
        json.dumps({test: took for test, took in _seconds.items() if test not in _failed})
    )
