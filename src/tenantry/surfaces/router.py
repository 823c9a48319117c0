"""Which operation a request asks for: one router, hot and cold.

1. `Router.find` knows a hot operation by method and path as they were sent, before anything else of the request is
   looked at: no value is unpacked and no spelling brought to its form. It finds the spelling of the declaration only.
2. For the rest `Router.routes_of` has the operations of the surface that owns the path. Its coat brings the path to the
   one form that the declarations have, and `Routes.find` goes down it segment by segment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

from tenantry.surfaces.operation import Operation, Surface

Found = tuple[Surface, Operation, tuple[str, ...]]
"""An operation of a surface, and the values of its path in their order. A plain tuple: one is made for each request."""


class _Node:
    """A place in a path: what leads on from it, and what ends there, by method."""

    __slots__ = ("ends", "literal", "wild")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.wild: _Node | None = None
        self.ends: dict[str, tuple[Surface, Operation]] = {}

    def add(self, surface: Surface, operation: Operation) -> None:
        """Where the path leads from here, in the coat's spelling. Raises TypeError for the second one at an address."""
        node = self
        for segment in surface.coat.spell(operation.path).split("/")[1:]:
            if segment.startswith("{"):
                node.wild = node.wild or _Node()
                node = node.wild
            else:
                node = node.literal.setdefault(segment, _Node())
        if operation.method in node.ends:
            raise TypeError(f"{operation.name} and {node.ends[operation.method][1].name} have one address")
        node.ends[operation.method] = surface, operation

    def reach(self, path: str) -> list[tuple[_Node, tuple[str, ...]]]:
        """Every place where the path may lead, with the values on the way."""
        nodes: list[tuple[_Node, tuple[str, ...]]] = [(self, ())]
        for segment in path.split("/")[1:]:
            reached = []
            for node, values in nodes:
                if segment in node.literal:
                    reached.append((node.literal[segment], values))
                if node.wild is not None and segment:
                    reached.append((node.wild, (*values, segment)))
            nodes = reached
        return [(node, values) for node, values in nodes if node.ends]


class Routes:
    """The operations of one surface by the segments of their paths. What is spelled out goes before a value."""

    def __init__(self, surface: Surface, elsewhere: Callable[[str], set[str]] = lambda _path: set()) -> None:
        """`elsewhere` knows which methods a path as it was sent takes beside these operations."""
        self.surface = surface
        self._elsewhere = elsewhere
        self._top = _Node()
        for operation in surface.operations:
            self._top.add(surface, operation)

    def find(self, method: str, path: str) -> Found | None:
        """By the path in the coat's spelling, a value only where what is spelled out leads nowhere. HEAD finds what GET
        does.
        """
        for node, values in self._top.reach(path):
            if method in node.ends:
                return (*node.ends[method], values)
        return self.find("GET", path) if method == "HEAD" else None

    def allowed(self, path: str, sent: str) -> list[str]:
        """What `Allow` names at this path, and at the one that was sent; empty when nothing is there."""
        methods = {method for node, _ in self._top.reach(path) for method in node.ends} | self._elsewhere(sent)
        return sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())) if methods else []


class _Hot(NamedTuple):
    """A hot operation with values in its path: which segments are spelled out, and how."""

    spelled_out: Callable[[list[str]], tuple[str, ...]]
    expected: tuple[str, ...]
    values: Callable[[list[str]], tuple[str, ...]]
    surface: Surface
    operation: Operation


def _hot(surface: Surface, operation: Operation) -> _Hot:
    segments = operation.path.split("/")
    wild = [index for index, segment in enumerate(segments) if segment.startswith("{")]
    spelled_out = _picking([index for index in range(len(segments)) if index not in wild])
    return _Hot(spelled_out, spelled_out(segments), _picking(wild), surface, operation)


def _picking(places: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """The segments at these places, at least one."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda segments: (segments[places[0]],)


class Router:
    """The operations of every surface."""

    def __init__(self, surfaces: Iterable[Surface], elsewhere: Callable[[str], set[str]] = lambda _path: set()) -> None:
        self._routes = {surface.name: Routes(surface, elsewhere) for surface in surfaces}
        self._exact: dict[tuple[str, bytes], Found] = {}
        self._hot: defaultdict[tuple[str, int], list[_Hot]] = defaultdict(list)
        for routes in self._routes.values():
            for operation in routes.surface.operations:
                if operation.hot and operation.values:
                    key = operation.method, operation.path.count("/") + 1
                    self._hot[key].append(_hot(routes.surface, operation))
                elif operation.hot:
                    self._exact[operation.method, operation.path.encode()] = (routes.surface, operation, ())

    def __iter__(self) -> Iterator[Operation]:
        """All of them."""
        for routes in self._routes.values():
            yield from routes.surface.operations

    def find(self, method: str, raw_path: bytes) -> Found | None:
        """The hot operation that is asked for, when the path is spelled as its declaration is. Hot path.

        A path with anything that is percent-encoded is left to the surface that owns it.
        """
        exact = self._exact.get((method, raw_path))
        if exact is not None:
            return exact
        path = raw_path.decode("latin-1")
        segments = path.split("/")
        for spelled_out, expected, values_of, surface, operation in self._hot.get((method, len(segments)), ()):
            if spelled_out(segments) == expected:
                values = values_of(segments)
                return (surface, operation, values) if path.isascii() and "%" not in path and all(values) else None
        return None

    def routes_of(self, surface: str) -> Routes | None:
        """Those of one surface, if it has a contract."""
        return self._routes.get(surface)
