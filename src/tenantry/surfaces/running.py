"""The one way a request takes: match, prove, read query and body, call, dress; an error is counted, noted and refused.

1. `Router.find` knows the operation by method and path alone, before there is a scope: hot ones by an exact path, the
   rest by the surface that owns the path and the segments below it.
2. HEAD is answered wherever GET is, OPTIONS wherever anything is, with `Allow`; what an address does not take is
   refused with 405 and an `Allow` that names all it takes (RFC 9110 §9.3.2, §9.3.7, §15.5.6).
3. Everything that fails is answered by the surface's coat, in the form of its vendor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from tenantry.core.caller import anonymous
from tenantry.core.errors import DomainError, RateLimited
from tenantry.core.log import get_logger
from tenantry.surfaces.operation import Ask, Operation, Surface
from tenantry.surfaces.shared.coding import TAKEN
from tenantry.surfaces.shared.denials import note_denial
from tenantry.surfaces.shared.failures import check_failures, count_failure
from tenantry.surfaces.shared.hot import HotAnswer
from tenantry.surfaces.shared.origin import origin_of

if TYPE_CHECKING:
    from tenantry.surfaces.shared.deps import Deps

_log = get_logger()


class Found(NamedTuple):
    """An operation, and the values of its path in their order."""

    operation: Operation
    values: tuple[str, ...]


class Served(NamedTuple):
    """An answer, and the operation that gave it, if there was one."""

    answer: HotAnswer
    operation: Operation | None


class _Node:
    """A place in a path: what leads on from it, and what ends there, by method."""

    __slots__ = ("ends", "literal", "wild")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.wild: _Node | None = None
        self.ends: dict[str, Operation] = {}


class Routes:
    """The operations of one surface by the segments of their paths. What is spelled out goes before a value."""

    def __init__(self, surface: Surface, elsewhere: Callable[[str], set[str]] = lambda _path: set()) -> None:
        """`elsewhere` knows which methods a path as it was sent takes beside these operations."""
        self.surface = surface
        self._elsewhere = elsewhere
        self._top = _Node()
        for operation in surface.operations:
            self._add(operation)

    def _add(self, operation: Operation) -> None:
        node = self._top
        for segment in operation.path.split("/")[1:]:
            if segment.startswith("{"):
                node.wild = node.wild or _Node()
                node = node.wild
            else:
                node = node.literal.setdefault(segment, _Node())
        if operation.method in node.ends:
            raise TypeError(f"{operation.name} and {node.ends[operation.method].name} have one address")
        node.ends[operation.method] = operation

    def find(self, method: str, path: str) -> Found | None:
        """By the path in the coat's spelling. HEAD finds what GET does. Hot path."""
        node, values = self._top, []
        for segment in path.split("/")[1:]:
            following = node.literal.get(segment)
            if following is None and segment:
                following = node.wild
                values.append(segment)
            if following is None:
                break
            node = following
        else:
            if method in node.ends:
                return Found(node.ends[method], tuple(values))
        return self._find_otherwise(method, path)

    def _find_otherwise(self, method: str, path: str) -> Found | None:
        """Where what is spelled out leads nowhere, though a value in its place would."""
        for ends, values in self._at(path):
            if method in ends:
                return Found(ends[method], values)
        return self.find("GET", path) if method == "HEAD" else None

    def allowed(self, path: str, sent: str) -> list[str]:
        """What `Allow` names at this path, and at the one that was sent; empty when nothing is there."""
        methods = {method for ends, _ in self._at(path) for method in ends} | self._elsewhere(sent)
        return sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())) if methods else []

    def _at(self, path: str) -> list[tuple[dict[str, Operation], tuple[str, ...]]]:
        nodes: list[tuple[_Node, tuple[str, ...]]] = [(self._top, ())]
        for segment in path.split("/")[1:]:
            reached = []
            for node, values in nodes:
                if segment in node.literal:
                    reached.append((node.literal[segment], values))
                if node.wild is not None and segment:
                    reached.append((node.wild, (*values, segment)))
            nodes = reached
        return [(node.ends, values) for node, values in nodes if node.ends]


class Router:
    """The operations of every surface."""

    def __init__(self, surfaces: Iterable[Surface], elsewhere: Callable[[str], set[str]] = lambda _path: set()) -> None:
        self._routes = {surface.name: Routes(surface, elsewhere) for surface in surfaces}
        self._hot = {
            (operation.method, operation.path): (routes, Found(operation, ()))
            for routes in self._routes.values()
            for operation in routes.surface.operations
            if operation.hot and not operation.values
        }

    def __iter__(self) -> Iterator[Operation]:
        """All of them."""
        for routes in self._routes.values():
            yield from routes.surface.operations

    def find_hot(self, method: str, path: str) -> tuple[Routes, Found] | None:
        """A hot operation by the path as it was sent. Hot path: one look."""
        return self._hot.get((method, path))

    def routes_of(self, surface: str) -> Routes | None:
        """Those of one surface, if it has a contract."""
        return self._routes.get(surface)


async def serve(
    routes: Routes,
    deps: Deps,
    scope: Scope,
    receive: Receive,
    *,
    found: Found | None = None,
    fault: DomainError | None = None,
) -> Served:
    """Answer one request, whatever happens. `fault` is what it is refused for, whatever it asks for.

    Raises ClientDisconnect only.
    """
    surface, origin = routes.surface, origin_of(scope)
    ask = Ask(deps, scope, receive, origin, anonymous(origin), deps.clock())
    if fault is not None:
        return Served(await _refuse(surface, ask, None, fault), None)
    try:
        if found is None:
            match = await _match(routes, ask)
            if isinstance(match, HotAnswer):
                return Served(match, None)
            found = match
        return Served(await _run(surface, ask, *found), found.operation)
    except ClientDisconnect:
        raise
    except Exception as error:  # noqa: BLE001 - refused, or logged in full
        operation = None if found is None else found.operation
        return Served(await _refuse(surface, ask, operation, error), operation)


async def _match(routes: Routes, ask: Ask) -> Found | HotAnswer:
    """The operation; an answer where there is none, or none is needed."""
    coat = routes.surface.coat
    early = await coat.enter(ask)
    if early is not None:
        return early
    method, path = ask.scope["method"], coat.spell(ask.scope["path"])
    found = routes.find(method, path)
    if found is not None:
        return found
    allowed = routes.allowed(path, ask.scope["path"])
    allow = (b"allow", ", ".join(allowed).encode())
    if allowed and method == "OPTIONS":
        return HotAnswer(200, b"", [allow, *coat.welcome(ask)])
    answer = coat.no_route(ask, allowed)
    return answer._replace(headers=[*answer.headers, allow]) if answer.status == 405 else answer


async def _run(surface: Surface, ask: Ask, operation: Operation, values: tuple[str, ...]) -> HotAnswer:
    coat = surface.coat
    if operation.guesses:
        check_failures(ask.deps, surface.name, ask.origin)
    if operation.needs_caller:
        ask.caller = await coat.prove(ask, operation)
    arguments = {
        name: coat.read_value(name, raw, kind) for (name, kind), raw in zip(operation.values, values, strict=True)
    }
    if operation.query is not None:
        arguments["query"] = coat.read_query(ask, operation.query)
    if operation.body is not None:
        arguments["body"] = await coat.read(ask, operation.body)
    value = await operation.handler(ask, **arguments)
    return value if isinstance(value, HotAnswer) else coat.dress(ask, operation, value)


async def _refuse(surface: Surface, ask: Ask, operation: Operation | None, error: Exception) -> HotAnswer:
    """Count a guess, note a denial, then answer in the surface's form; what has none there is a bug."""
    if isinstance(error, DomainError):
        if operation is not None and isinstance(error, operation.guesses):
            error = _counted(surface, ask, error)
        await note_denial(ask.deps, ask.caller, error)
        answer = surface.coat.refuse(ask, error)
        if answer is not None:
            return answer._replace(headers=[*answer.headers, TAKEN]) if answer.status == 415 else answer
    path = ascii(ask.scope["path"])[1:-1]
    _log.error(
        "unexpected error",
        method=ask.scope["method"],
        path=path,
        correlation_id=ask.origin.correlation_id,
        exc_info=error,
    )
    return surface.coat.fail(ask)


def _counted(surface: Surface, ask: Ask, error: DomainError) -> DomainError:
    """The error itself, or RateLimited once the address has made too many guesses."""
    try:
        count_failure(ask.deps, surface.name, ask.origin)
    except RateLimited as limited:
        return limited
    return error
