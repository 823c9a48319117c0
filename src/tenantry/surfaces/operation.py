"""The contract of an operation: what a client may ask for, said once.

A surface is a `Surface` with a `Coat`, which knows its wire. Each of its operations is a function that is declared by
`op`; path, body, query and answer are read from its signature. From the declarations come the routes (`running.py`),
the documents (`openapi.py`), the cases of the completeness tests and the lists in the docs.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, get_args, get_type_hints

import msgspec
from starlette.types import Receive, Scope

from tenantry.access.actions import PUBLIC, Action
from tenantry.core.caller import Audience, Caller, Origin
from tenantry.core.clock import Micros
from tenantry.core.errors import DomainError, InvalidToken, InvalidValue
from tenantry.surfaces.shared.failures import count_failure
from tenantry.surfaces.shared.hot import After, HotAnswer
from tenantry.surfaces.shared.long_answers import Stream

if TYPE_CHECKING:
    from tenantry.settings import Settings
    from tenantry.surfaces.shared.deps import Deps
    from tenantry.surfaces.shared.not_offered import NotOffered

T = TypeVar("T")
Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])
Headers = Sequence[tuple[bytes, bytes]]

JSON = "application/json"
NO_STORE: Headers = ((b"cache-control", b"no-store"),)
"""For answers that hold a secret (RFC 6749 §5.1)."""
_NAME = re.compile(r"\{([a-z_]+)\}")


class Ask(msgspec.Struct):
    """One request on its way. `caller` is anonymous until the coat has proven it, and for public actions."""

    deps: Deps
    scope: Scope
    receive: Receive
    origin: Origin
    caller: Caller
    now: Micros
    after: After | None = None
    """What is left to do once the answer has been sent; nothing of it is done when the request is refused. The client
    does not learn how long it takes, nor whether it fails.
    """
    operation: Operation | None = None
    """What it asks for, once that is known."""
    guessed: str = ""
    """Whose secret the request presents, by its own word, where guesses count for that too."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a client may ask for. `path` is the whole path, `{names}` included."""

    name: str
    """In the vendor's words; no two of a surface are equal."""
    method: str
    path: str
    action: Action
    handler: Callable[..., Awaitable[Any]]
    source: str
    """Where the contract says so."""
    values: tuple[tuple[str, Any], ...]
    """Names in the path, in its order, with the types of the arguments that they become."""
    query: type | None
    body: type | None
    answer: type | None
    """None: there is nothing to show. `HotAnswer`: the handler dresses its answer itself."""
    status: int = 200
    headers: Headers = ()
    """Of the answer when all went well."""
    once: bool = False
    """The same request again, by the surface's key for it, is carried out once."""
    hot: bool = False
    """Called thousands of times a second: found before anything else is looked at, `enter` included, where it is
    spelled as declared; not logged line by line. It enqueues no event for webhooks, since nobody listens."""
    guesses: tuple[type[DomainError], ...] = ()
    """Errors that count as a guess of a secret: who makes too many has to wait."""
    before: Callable[[Ask], None] | None = None
    """Looked at before anybody is proven or anything is read: limits of those who try. Raises DomainError."""
    asks: tuple[str, ...] = ()
    """Names of headers that the handler reads, for the documents."""
    bare: bool = False
    """A request without a body counts as one with an empty object."""
    takes: str | None = None
    """The media type of the body, where it is not JSON. Without a shape the handler reads it itself."""
    gives: str = JSON
    """The media type of the answer."""
    when: Callable[[Settings], bool] | None = None
    """Whether a server with these settings has it; None: every one."""
    needs_caller: bool = field(init=False)
    """Whether somebody must be proven before anything is read."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "needs_caller", self.action not in PUBLIC)

    @property
    def summary(self) -> str:
        """The first paragraph of what the handler says of itself, in one line."""
        return " ".join((inspect.getdoc(self.handler) or self.name).partition("\n\n")[0].split())


class Coat(Protocol):
    """What one wire does with any request. Whoever subclasses it says at least what has no default here."""

    door: ClassVar[Audience | None]
    """What its access tokens are for; None when nobody brings one."""
    errors: ClassVar[tuple[type, ...]]
    """The shapes of an error's body, for the documents."""
    security: ClassVar[dict[str, Any]]
    """How a caller is named, as an OpenAPI security scheme; empty when nobody is."""
    overrides: ClassVar[bool] = False
    """Whether `X-HTTP-Method-Override` counts: with it nothing is found before `enter` has seen the request."""

    def spell(self, path: str) -> str:
        """The one form of all paths that mean the same, which the declarations have."""
        return path

    async def enter(self, ask: Ask) -> HotAnswer | None:
        """Look at the request before a route is looked for; may change the scope. An answer ends it."""
        return None

    async def prove(self, ask: Ask, operation: Operation) -> Caller:
        """Who asks. Raises InvalidToken. Where all is public there is nobody."""
        raise InvalidToken("nobody is proven here")

    def read_value(self, name: str, raw: str, kind: Any) -> Any:
        """One value of the path as `kind`. Raises InvalidValue, NotFound."""
        return raw

    def read_query(self, ask: Ask, shape: type[T]) -> T:
        """The query. Raises InvalidValue."""
        raise InvalidValue("No query is read here.", field="query")

    async def read(self, ask: Ask, shape: type[T]) -> T:
        """The body, within its limits. Raises InvalidValue, PayloadTooLarge."""
        raise InvalidValue("No body is read here.", field="body")

    def count_guess(self, ask: Ask, surface: str) -> None:
        """One of the operation's `guesses` is the answer. Raises RateLimited in its place once there are too many."""
        count_failure(ask.deps, surface, ask.origin)

    async def read_or_nothing(self, ask: Ask, shape: type[T]) -> T:
        """The same of an operation that is `bare`."""
        return await self.read(ask, shape)

    def dress(self, ask: Ask, operation: Operation, value: Any) -> HotAnswer:
        """The answer when all went well. A surface with long ones hands a `Stream` on."""
        ...

    def refuse(self, ask: Ask, error: DomainError) -> HotAnswer | None:
        """The answer to an error; None for one that cannot get here."""
        ...

    def no_route(self, ask: Ask, allowed: list[str]) -> HotAnswer:
        """Nothing is here, or not with this method when the address takes others. `Allow` is added to a 405."""
        ...

    def welcome(self, ask: Ask) -> Headers:
        """Headers of an answer to OPTIONS."""
        return ()

    def fail(self, ask: Ask) -> HotAnswer:
        """The answer to a bug, which the log has under the request's correlation id."""
        ...

    def statuses(self) -> set[int]:
        """Every status that `refuse` knows."""
        ...


@dataclass(slots=True)
class Surface:
    """All that one vendor's clients may ask for."""

    name: str
    title: str
    coat: Coat
    operations: list[Operation] = field(default_factory=list)
    not_offered: list[NotOffered] = field(default_factory=list)
    reads_values: bool = field(init=False)
    """Whether the coat does anything about the values of a path."""

    def __post_init__(self) -> None:
        self.reads_values = type(self.coat).read_value is not Coat.read_value


class Op(Protocol):
    """Declares the function below it as an operation. Raises TypeError when path and arguments do not fit."""

    def __call__(
        self,
        name: str,
        method: str,
        path: str,
        action: Action,
        *,
        source: str,
        status: int = 200,
        headers: Headers = (),
        once: bool = False,
        hot: bool = False,
        guesses: tuple[type[DomainError], ...] = (),
        before: Callable[[Ask], None] | None = None,
        asks: tuple[str, ...] = (),
        bare: bool = False,
        takes: str | None = None,
        gives: str = JSON,
        when: Callable[[Settings], bool] | None = None,
    ) -> Callable[[Handler], Handler]: ...


def operations(surface: Surface, root: str) -> Op:
    """`op` for the operations of a surface whose paths begin with `root`.

    An operation is `async def(ask, <each name of the path, in order>, query: Struct, body: Struct) -> Struct | None`;
    query and body are left out by one that has none.
    """

    def op(name: str, method: str, path: str, action: Action, **more: Any) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            hints = get_type_hints(handler)
            answer = hints.pop("return")
            names = _NAME.findall(root + path)
            arguments = list(inspect.signature(handler).parameters)
            if [each for each in arguments if each not in ("query", "body")] != ["ask", *names]:
                raise TypeError(f"{name}: the arguments {arguments} are not ask and those of {root + path}")
            surface.operations.append(
                Operation(
                    name,
                    method,
                    root + path,
                    action,
                    handler,
                    values=tuple((value, hints[value]) for value in names),
                    query=hints.get("query"),
                    body=hints.get("body"),
                    answer=_shape_of(answer),
                    **more,
                )
            )
            return handler

        return declare

    return op


def _shape_of(answer: Any) -> Any:
    """Without the `HotAnswer` or `Stream` that some answers are instead of the shape."""
    kinds = get_args(answer) if isinstance(answer, UnionType) else (answer,)
    if len(kinds) > 1:
        kinds = tuple(kind for kind in kinds if kind not in (HotAnswer, Stream))
    return None if kinds == (NoneType,) else kinds[0]
