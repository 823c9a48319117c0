"""Columns over time, laid out on the server: templates only write down what is worked out here.

Sideways everything is in percent and upwards in pixels, so that a picture fills any width and its text keeps its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PLOT_TOP, PLOT_HEIGHT = 16, 96
BASELINE = PLOT_TOP + PLOT_HEIGHT
HEIGHT = BASELINE + 20
_GUTTER = 8.0
"""Percent at the left that the numbers of the lines have to themselves."""
_GAP = 0.24
"""The part of a column's room that stays empty."""
_LEAST = 2.0
"""Pixels: what is there is seen, however small."""


@dataclass(frozen=True, slots=True)
class Value:
    """One column: `done` at the bottom, `marked` above it in another pattern. `tick` is written beneath when given."""

    title: str
    done: int
    marked: int = 0
    tick: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column stands. `x` and `width` in percent, the rest in pixels from the top; a height of 0 is absent."""

    title: str
    x: float
    width: float
    done_y: float
    done_height: float
    marked_y: float
    marked_height: float


@dataclass(frozen=True, slots=True)
class Tick:
    """Text beneath a column; `at` in percent."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line across, with the number it stands for; `y` in pixels."""

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
    """The next of 2, 4, 10, 20, 40, 100, ...: what lines can be drawn at."""
    step = 1
    while True:
        for factor in (2, 4, 10):
            if factor * step >= highest:
                return factor * step
        step *= 10
