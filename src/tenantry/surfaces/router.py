"""Finds the operation that a request asks for: one router for hot paths and all others.

1. `Router.find` finds a hot operation by the method and path as sent, before any other step: it decodes nothing and
   finds only paths that are spelled as declared.
2. For the rest, `Router.routes_of` gives the routes of the surface that owns the path. Its coat spells the path as the
   declarations do, and `Routes.find` follows it segment by segment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from tenantry.surfaces.operation import Operation, Surface
from tenantry.surfaces.owners import owner_of

if TYPE_CHECKING:
    from tenantry.settings import Settings

Found = tuple[Surface, Operation, tuple[str, ...]]
"""An operation of a surface, and the values of its path in their order. A plain tuple: one is made for each request."""


def shown_methods(methods: set[str]) -> list[str]:
    """The value of `Allow` for an address that takes these methods; empty for none."""
    return sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())) if methods else []


class _Node:
    """A node of the tree of paths: its children by segment, and the operations whose path ends here, by method."""

    __slots__ = ("ends", "literal", "wild")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.wild: _Node | None = None
        self.ends: dict[str, tuple[Surface, Operation]] = {}

    def add(self, surface: Surface, operation: Operation) -> None:
        """Add an operation at this path, in the coat's spelling. Raises TypeError for a second one at an address."""
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
        """Every node that the path may lead to, with the values on the way."""
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
    """The operations of one surface by the segments of their paths. A literal segment goes before a variable one."""

    def __init__(
        self,
        surface: Surface,
        operations: Iterable[Operation] | None = None,
        elsewhere: Callable[[str], set[str]] = lambda _path: set(),
    ) -> None:
        """`operations`: those that are served, else all. `elsewhere`: what a path as it was sent takes beside them."""
        self.surface = surface
        self._elsewhere = elsewhere
        self._top = _Node()
        for operation in surface.operations if operations is None else operations:
            self._top.add(surface, operation)

    def find(self, method: str, path: str) -> Found | None:
        """Find by the path in the coat's spelling; literal segments first, then variables. HEAD finds what GET does."""
        for node, values in self._top.reach(path):
            if method in node.ends:
                return (*node.ends[method], values)
        return self.find("GET", path) if method == "HEAD" else None

    def allowed(self, path: str, sent: str) -> list[str]:
        """The methods for `Allow` at this path and at the path as sent; empty when nothing is there."""
        return shown_methods(
            {method for node, _ in self._top.reach(path) for method in node.ends} | self._elsewhere(sent)
        )


class _Hot(NamedTuple):
    """A hot operation with variables in its path: which segments are literal, and their text."""

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
    """A function that picks the segments at these positions, at least one."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda segments: (segments[places[0]],)


class Router:
    """The operations of every surface that a server with these settings has."""

    def __init__(self, surfaces: Iterable[Surface], settings: Settings) -> None:
        self._served = [
            (surface, [each for each in surface.operations if each.when is None or each.when(settings)])
            for surface in surfaces
        ]
        self._routes = {surface.name: Routes(surface, served, self._methods_at) for surface, served in self._served}
        self._exact: dict[tuple[str, bytes], Found] = {}
        self._hot: defaultdict[tuple[str, int], list[_Hot]] = defaultdict(list)
        self._alone: dict[str, Routes] = {}
        for surface, served in self._served:
            for operation in served:
                self._take(surface, operation)

    def _take(self, surface: Surface, operation: Operation) -> None:
        method, path = operation.method, operation.path
        if not operation.values and owner_of(path) not in self._routes:
            self._alone[path] = self._routes[surface.name]
        if operation.hot and operation.values:
            self._hot[method, path.count("/") + 1].append(_hot(surface, operation))
        elif operation.hot:
            self._exact[method, path.encode()] = (surface, operation, ())

    def __iter__(self) -> Iterator[Operation]:
        """All of them."""
        for _, served in self._served:
            yield from served

    def find(self, method: str, raw_path: bytes) -> Found | None:
        """The hot operation that is asked for, if the path is spelled as declared. Hot path.

        A percent-encoded path is left to the surface that owns it.
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

    def routes_of(self, path: str) -> Routes | None:
        """The operations of the surface that owns the path; None for the portal, which declares none."""
        return self._routes.get(owner_of(path))

    def routes_at(self, method: str, path: str) -> Routes | None:
        """The operations of a surface that has this one address below another surface's paths."""
        alone = self._alone.get(path)
        found = self._exact.get((method, path.encode("utf-8", "surrogateescape"))) if alone is None else None
        return alone if found is None else self._routes[found[0].name]

    def _methods_at(self, path: str) -> set[str]:
        """The methods that a hot path takes, whichever surface owns it."""
        return {method for method, known in self._exact if known == path.encode("utf-8", "surrogateescape")}
