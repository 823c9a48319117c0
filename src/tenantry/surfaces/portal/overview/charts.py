"""Charts with columns over time, laid out on the server: `columns` works out every place and size, and the template
only writes them down.

Horizontal measures are percentages and vertical ones are pixels, so that a picture fills any width while its text keeps
its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PLOT_TOP, PLOT_HEIGHT = 16, 96
BASELINE = PLOT_TOP + PLOT_HEIGHT
HEIGHT = BASELINE + 20
_GUTTER = 8.0
"""Percent of the width, at the left, that the numbers of the lines have to themselves."""
_GAP = 0.24
"""The part of a column's room that stays empty."""
_LEAST = 2.0
"""Pixels that a column has at least, so that a small number is seen."""


@dataclass(frozen=True, slots=True)
class Value:
    """What one column stands for: the number `done` at the bottom, and above it the number `marked`, in another
    pattern. `tick` is written beneath the column when it is given.
    """

    title: str
    done: int
    marked: int = 0
    tick: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column stands. `x` and `width` are percentages, the rest are pixels from the top. A part whose height is
    0 is not drawn.
    """

    title: str
    x: float
    width: float
    done_y: float
    done_height: float
    marked_y: float
    marked_height: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A text beneath a column. `at` is a percentage."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A horizontal line, with the number that it stands for. `y` is in pixels."""

    y: float
    number: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template `pictures.html` draws."""

    columns: list[Column]
    ticks: list[Tick]
    lines: list[Line]
    height: int = HEIGHT
    baseline: int = BASELINE


def columns(values: Sequence[Value]) -> Chart:
    """A chart of these values, from left to right."""
    top = _round_up(max((value.done + value.marked for value in values), default=0))
    room = (100 - _GUTTER) / max(1, len(values))
    drawn = [_column(value, _GUTTER + index * room, room, top) for index, value in enumerate(values)]
    ticks = [
        Tick(round(_GUTTER + (index + 0.5) * room, 2), value.tick) for index, value in enumerate(values) if value.tick
    ]
    lines = [Line(PLOT_TOP, top)]
    if top % 2 == 0:
        lines.append(Line(PLOT_TOP + PLOT_HEIGHT / 2, top // 2))
    return Chart(drawn, ticks, lines)


def _column(value: Value, left: float, room: float, top: int) -> Column:
    done, marked = _pixels(value.done, top), _pixels(value.marked, top)
    if done + marked > PLOT_HEIGHT:
        done = PLOT_HEIGHT - marked
    return Column(
        title=value.title,
        x=round(left + room * _GAP / 2, 2),
        width=round(room * (1 - _GAP), 2),
        done_y=round(BASELINE - done, 1),
        done_height=round(done, 1),
        marked_y=round(BASELINE - done - marked, 1),
        marked_height=round(marked, 1),
    )


def _pixels(count: int, top: int) -> float:
    return max(_LEAST, count / top * PLOT_HEIGHT) if count else 0


def _round_up(highest: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 and so on, at which lines can be drawn."""
    step = 1
    while True:
        for factor in (2, 4, 10):
            if factor * step >= highest:
                return factor * step
        step *= 10
