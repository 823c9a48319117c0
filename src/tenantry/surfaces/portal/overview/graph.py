"""Graphs in layers, laid out on the server: nodes stand in columns, and arrows join those of neighbouring columns.

The nodes of a column are ordered by where their neighbours stand, so that few arrows cross, and each column is centred.
All measures are pixels; the picture has a size of its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

NODE_HEIGHT = 44
_GAP = 12
_LANE = 22
"""Pixels between two columns, for the arrows."""
_MARGIN = 8
_HEAD = 34
"""Pixels above the columns, for their headings."""
_LETTER = 6.6
"""About the width of a letter, in pixels. A text that is longer than its box is cut, and stands whole in the node's
title.
"""


@dataclass(slots=True)
class Node:
    """What a box stands for. `kind` is plain, centre, waiting or more. `title` is the whole text; `name` and `under`
    are cut to their room.
    """

    id: str
    name: str
    under: str = ""
    href: str = ""
    kind: str = "plain"
    title: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A node in its place."""

    node: Node
    x: int
    y: float
    width: int
    name: str
    under: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line from who reaches to what is reached, as the path of an SVG element."""

    path: str
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the template `reach.html` draws. `headings`: where each column begins, and its heading."""

    width: int
    height: float
    headings: list[tuple[int, str]]
    boxes: list[Box]
    arrows: list[Arrow]


@dataclass(slots=True)
class Graph:
    """The graph, column by column from left to right. `centre` is the column that both sides lead to."""

    headings: Sequence[str]
    widths: Sequence[int]
    centre: int
    layers: list[list[Node]] = field(init=False)
    edges: dict[tuple[str, str], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.layers = [[] for _ in self.headings]

    def add(self, layer: int, node: Node) -> str:
        """Put the node into a column, and answer its id. A node that is in the graph already stays as it is."""
        if all(known.id != node.id for known in self.layers[layer]):
            self.layers[layer].append(node)
        return node.id

    def join(self, from_id: str, to_id: str, *, is_waiting: bool = False) -> None:
        """Draw an arrow between nodes of neighbouring columns. It is drawn as waiting only while all who share
        it wait.
        """
        self.edges[from_id, to_id] = self.edges.get((from_id, to_id), True) and is_waiting

    def draw(self) -> Drawing:
        """Lay the graph out, and leave columns without nodes out."""
        self._untangle()
        used = [index for index, layer in enumerate(self.layers) if layer]
        lefts: list[int] = []
        left = _MARGIN
        for index in used:
            lefts.append(left)
            left += self.widths[index] + _LANE
        tallest = max(len(layer) for layer in self.layers)
        room = tallest * (NODE_HEIGHT + _GAP) - _GAP
        places: dict[str, Box] = {}
        for index, x in zip(used, lefts, strict=True):
            layer, width = self.layers[index], self.widths[index]
            top = _HEAD + (room - len(layer) * (NODE_HEIGHT + _GAP) + _GAP) / 2
            for row, node in enumerate(layer):
                y = top + row * (NODE_HEIGHT + _GAP)
                letters = (width - 16) / _LETTER
                places[node.id] = Box(node, x, y, width, cut(node.name, letters), cut(node.under, letters * 1.08))
        arrows = [
            Arrow(_path(places[start], places[end]), is_waiting) for (start, end), is_waiting in self.edges.items()
        ]
        return Drawing(
            width=left - _LANE + _MARGIN,
            height=_HEAD + room + _MARGIN,
            headings=[(x, self.headings[index]) for index, x in zip(used, lefts, strict=True)],
            boxes=list(places.values()),
            arrows=arrows,
        )

    def _untangle(self) -> None:
        """Order the nodes of each column, from both ends to the centre, by the mean place of the nodes that lead to
        them.
        """
        leaders: dict[str, list[str]] = {}
        for start, end in self.edges:
            leaders.setdefault(end, []).append(start)
        order = [*range(1, self.centre), *range(len(self.layers) - 2, self.centre, -1)]
        for index in order:
            outer = self.layers[index - 1 if index < self.centre else index + 1]
            place = {node.id: position for position, node in enumerate(outer)}
            self.layers[index].sort(key=_mean(place, leaders))


def _mean(place: dict[str, int], leaders: dict[str, list[str]]) -> Callable[[Node], float]:
    def mean(node: Node) -> float:
        at = [place[leader] for leader in leaders.get(node.id, []) if leader in place]
        return sum(at) / len(at) if at else len(place)

    return mean


def _path(start: Box, end: Box) -> str:
    """A curve from the side of one box to the side of the other, which leaves room for the arrow's head."""
    is_rightward = start.x < end.x
    x1, x2 = (start.x + start.width, end.x - 5) if is_rightward else (start.x, end.x + end.width + 5)
    y1, y2 = start.y + NODE_HEIGHT / 2, end.y + NODE_HEIGHT / 2
    middle = (x1 + x2) / 2
    return f"M{x1} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2} {y2:g}"


def cut(text: str, letters: float) -> str:
    """The text, at most as wide as this many letters, of which East Asian ones count two. Where something was cut off,
    the end is an ellipsis.
    """
    room = letters
    for index, character in enumerate(text):
        room -= 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if room < 0:
            return text[: max(0, index - 1)].rstrip() + "…"
    return text
