"""The table of a run, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from rich.console import Console

from bench.report import machine
from tests.support.waits.hall import Size
from tests.support.waits.heavy import Heavy
from tests.support.waits.measure import Measured

MOST = 0.25
"""Seconds that anybody else may wait."""


@dataclass(frozen=True)
class Row:
    """Times in seconds. `answered` and `refused` are its own requests; `bad` is how others were, if not well."""

    name: str
    what: str
    who: str
    engine: str
    at_once: int
    worst: float
    p99: float
    by_clock: float
    of_kind: dict[str, float]
    asked: int
    bad: list[list[object]]
    seconds: float
    answered: int
    refused: dict[int, int]
    wrong: str

    @classmethod
    def of(cls, heavy: Heavy, engine: str, at_once: int, size: Size, measured: Measured) -> Self:
        own = measured.statuses
        return cls(
            name=heavy.name,
            what=heavy.what.format(**size._asdict()),
            who=heavy.who,
            engine=engine,
            at_once=at_once,
            seconds=measured.seconds,
            answered=sum(many for status, many in own.items() if status < 400),
            refused={status: many for status, many in own.items() if status >= 400},
            wrong=measured.wrong,
            **measured.waited._asdict(),
        )

    @property
    def failed(self) -> bool:
        return self.worst >= MOST or bool(self.bad or self.wrong)

    @property
    def in_short(self) -> str:
        kinds = ", ".join(f"{kind} {wait * 1000:.0f}" for kind, wait in self.of_kind.items())
        own = "".join(f", {many} answered {status}" for status, many in self.refused.items())
        bad = f", others: {self.bad[:3]}" if self.bad else ""
        worst, by_clock = self.worst * 1000, self.by_clock * 1000
        return f"{worst:.0f} ms ({kinds}; by the clock {by_clock:.0f}), {self.seconds:.1f} s{own}{bad} {self.wrong}"


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    return {"machine": machine(), "rows": [asdict(row) for row in rows]}


def show(console: Console, rows: Sequence[Row]) -> None:
    """In Markdown, to be pasted."""
    console.print(machine())
    console.print("\n| what | who can | engine | at once | worst ms | p99 ms | by the clock | refused | in all s |")
    console.print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        cells = (
            *(row.what, row.who, "SQLite" if row.engine == "sqlite" else "PostgreSQL", row.at_once),
            *(f"{seconds * 1000:.0f}" for seconds in (row.worst, row.p99, row.by_clock)),
            *(len(row.bad), f"{row.seconds:.1f}"),
        )
        console.print("| " + " | ".join(map(str, cells)) + " |", soft_wrap=True)
