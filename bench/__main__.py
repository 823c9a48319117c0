"""`python -m bench`: measure, print the table. `make bench` calls it."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.growth import LARGE, SMALL, measure_growth
from bench.load import Run, is_wrk_there
from bench.report import as_json, rows_of, show
from bench.scenarios import FLOOR, SCENARIOS, Scenario, made, run_once
from bench.startup import measure_idle, measure_startup
from bench.turns import Ratio

STARTUP = "startup"
_NAMES = [STARTUP, *(scenario.name for scenario in SCENARIOS)]


def main(
    only: Annotated[
        list[str] | None, typer.Option("--only", help=f"{', '.join(_NAMES)}; the floor comes with any of them.")
    ] = None,
    runs: Annotated[int, typer.Option("--runs", min=1, help="How often; the table shows medians.")] = 5,
    seconds: Annotated[int, typer.Option("--seconds", min=1, help="Length of one run.")] = 8,
    as_text: Annotated[bool, typer.Option("--json", help="Print JSON instead of the table.")] = False,
    cache: Annotated[Path, typer.Option("--cache", help="Where seeded databases are kept.")] = Path("var/bench"),
) -> None:
    """Drive a running server with wrk, one server process on one core, 64 connections."""
    console = Console(stderr=True)
    unknown = set(only or ()) - set(_NAMES)
    if unknown:
        raise typer.BadParameter(f"There is no {', '.join(sorted(unknown))}. There are: {', '.join(_NAMES)}.")
    scenarios = [scenario for scenario in SCENARIOS if only is None or scenario.name in only]
    if only is not None and scenarios and scenarios[0].name != FLOOR:
        scenarios.insert(0, SCENARIOS[0])
    if scenarios and not is_wrk_there():
        console.print("The load generator is missing: apt-get install wrk")
        raise typer.Exit(1)
    startup, idle = {}, None
    if only is None or STARTUP in only:
        with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as scratch:
            startup = measure_startup(Path(scratch), runs)
            idle = measure_idle(Path(scratch))
    taken, growth = _run_all(scenarios, cache, runs, seconds, console) if scenarios else ({}, None)
    rows = rows_of(taken)
    if as_text:
        json.dump(as_json(rows, growth, startup, idle), sys.stdout, indent=2)
        print()
    else:
        wide = None if sys.stdout.isatty() else 160
        show(Console(width=wide), rows, growth, startup, idle)
    failed = [f"{row.name} ({row.refused} refused, {row.broken} broken)" for row in rows if row.failed]
    if failed:
        console.print(f"[red]Failed, since not every answer was a success: {', '.join(failed)}[/red]")
        raise typer.Exit(1)


def _run_all(
    scenarios: list[Scenario], cache: Path, runs: int, seconds: int, console: Console
) -> tuple[dict[str, list[Run]], Ratio | None]:
    """Run all scenarios in rounds, so that whatever else the machine does meets all of them alike. Then compare an
    exchange among few tokens with one among many.
    """
    taken: dict[str, list[Run]] = {scenario.name: [] for scenario in scenarios}
    with made(scenarios, cache, runs, seconds) as worlds:
        for number in range(runs):
            for scenario in scenarios:
                run = run_once(scenario, worlds.of(scenario), number, runs, seconds)
                taken[scenario.name].append(run)
                console.print(f"{number + 1}/{runs} {scenario.name}: {run.rate:,.0f}/s, {run.cpu:.0f} µs", style="dim")
        growth = measure_growth(worlds) if {SMALL, LARGE} <= taken.keys() else None
    return taken, growth


if __name__ == "__main__":
    typer.run(main)
