"""The table of a run, for people and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.load import Run
from bench.scenarios import FLOOR, SCENARIOS, Scenario
from bench.turns import Ratio

STARTUP_GOAL, IDLE_GOAL, GROWTH_GOAL = 1.0, 90.0, 1.2


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one scenario's runs. Shares are medians of the shares of each round, in which both ran."""

    name: str
    title: str
    engine: str
    rate: float
    p50_ms: float
    p99_ms: float
    pss_mb: float
    anonymous_mb: float
    cpu_micros: float
    refused: int
    broken: int
    of_floor: float | None
    of_floor_cpu: float | None
    goal: float | None

    @property
    def failed(self) -> int:
        return self.refused + self.broken


def rows_of(runs: Mapping[str, Sequence[Run]]) -> list[Row]:
    """One row for each scenario that ran."""
    floor = runs.get(FLOOR)
    return [_row(scenario, runs[scenario.name], floor) for scenario in SCENARIOS if scenario.name in runs]


def _row(scenario: Scenario, runs: Sequence[Run], floor: Sequence[Run] | None) -> Row:
    pairs = list(zip(runs, floor, strict=True)) if floor else []
    return Row(
        name=scenario.name,
        title=scenario.title,
        engine="-" if scenario.name == FLOOR else "PostgreSQL" if scenario.postgres else "SQLite",
        rate=statistics.median(run.rate for run in runs),
        p50_ms=statistics.median(run.p50 for run in runs),
        p99_ms=statistics.median(run.p99 for run in runs),
        pss_mb=max(run.pss for run in runs),
        anonymous_mb=max(run.anonymous for run in runs),
        cpu_micros=statistics.median(run.cpu for run in runs),
        refused=sum(run.refused for run in runs),
        broken=sum(run.broken for run in runs),
        of_floor=statistics.median(run.rate / best.rate for run, best in pairs) if pairs else None,
        of_floor_cpu=statistics.median(best.cpu / run.cpu for run, best in pairs) if pairs else None,
        goal=scenario.goal,
    )


def machine() -> str:
    """Model, cores, Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"


def as_json(
    rows: Sequence[Row], growth: Ratio | None, startup: Mapping[str, float], idle: float | None
) -> dict[str, Any]:
    return {
        "machine": machine(),
        "scenarios": [asdict(row) for row in rows],
        "growth": None if growth is None else asdict(growth),
        "startup_seconds": dict(startup),
        "idle_pss_mb": idle,
    }


def show(
    console: Console,
    rows: Sequence[Row],
    growth: Ratio | None,
    startup: Mapping[str, float],
    idle: float | None,
) -> None:
    console.print(f"\n{machine()}")
    if rows:
        console.print(_table(rows))
    others = Table("", "measured", "goal")
    if growth is not None:
        measured = f"{growth.median:.2f} times the CPU (95 %: {growth.least:.2f} to {growth.most:.2f})"
        others.add_row("1,000,000 refresh tokens against 1,000", _marked(measured, growth.median <= GROWTH_GOAL), "1.2")
    for name, seconds in startup.items():
        others.add_row(f"start to first token, {name}", _marked(f"{seconds:.2f} s", seconds < STARTUP_GOAL), "1 s")
    if idle is not None:
        others.add_row("idle memory (PSS)", _marked(f"{idle:.0f} MB", idle < IDLE_GOAL), "90 MB")
    if others.rows:
        console.print(others)


def _table(rows: Sequence[Row]) -> Table:
    table = Table("", "engine")
    memory, shares = ("PSS MB", "no file"), ("of floor", "by CPU", "goal")
    for heading in ("requests/s", "p50 ms", "p99 ms", "CPU µs each", *memory, *shares, "failed"):
        table.add_column(heading, justify="right")
    for row in rows:
        reached = row.goal is None or (row.of_floor or 0) >= row.goal
        table.add_row(
            row.title,
            row.engine,
            f"{row.rate:,.0f}",
            f"{row.p50_ms:.1f}",
            f"{row.p99_ms:.1f}",
            f"{row.cpu_micros:.0f}",
            f"{row.pss_mb:.0f}",
            f"{row.anonymous_mb:.0f}",
            "" if row.of_floor is None else _marked(f"{row.of_floor:.2f}", reached),
            "" if row.of_floor_cpu is None else f"{row.of_floor_cpu:.2f}",
            "" if row.goal is None else f"{row.goal}",
            _marked(str(row.failed), not row.failed),
        )
    return table


def _marked(text: str, good: bool) -> str:
    return text if good else f"[red]{text}[/red]"
