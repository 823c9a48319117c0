"""The contract of an operation: each request that a client may make is declared once.

A surface is a `Surface` with a `Coat`, which knows the vendor's wire format. Each of its operations is a function that
is declared by `op`; path, body, query and answer are read from its signature. From the declarations come the routes
(`running.py`), the documents (`openapi.py`), the cases of the completeness tests and the lists in the docs.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypedDict, TypeVar, Unpack, get_args, get_type_hints

import msgspec
from starlette.types import Receive, Scope

from tenantry.access.actions import PUBLIC, Action
from tenantry.core.caller import Audience, Caller, Origin
from tenantry.core.clock import Micros
from tenantry.core.errors import DomainError, InvalidToken, InvalidValue
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Read, Tx
from tenantry.surfaces.shared.answers import After, Answer, header
from tenantry.surfaces.shared.failures import count_failure
from tenantry.surfaces.shared.idempotency import Once
from tenantry.surfaces.shared.kept_secrets import can_be_kept
from tenantry.surfaces.shared.long_answers import Stream

if TYPE_CHECKING:
    from tenantry.settings import Settings
    from tenantry.store.engine.interface import LoneTx
    from tenantry.surfaces.shared.deps import Deps
    from tenantry.surfaces.shared.not_offered import NotOffered

T = TypeVar("T")
Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])
Headers = Sequence[tuple[bytes, bytes]]

JSON = "application/json"
NO_STORE: Headers = ((b"cache-control", b"no-store"),)
"""Headers of answers that hold a secret (RFC 6749 §5.1)."""
_NAME = re.compile(r"\{([a-z_]+)\}")


class Ask(msgspec.Struct):
    """One request being served. `caller` is anonymous until the coat has authenticated it, and for public actions."""

    deps: Deps
    scope: Scope
    receive: Receive
    origin: Origin
    caller: Caller
    now: Micros
    after: After | None = None
    """Work to do after the answer has been sent; it is dropped when the request is refused. The client
    does not learn how long it takes, nor whether it fails.
    """
    operation: Operation | None = None
    """The matched operation, once it is known."""
    guessed: str = ""
    """The client that the request names, not authenticated, where guesses are counted for that client too."""
    once: Once | None = None
    """The transaction of a request that is carried out once; None for any other request."""

    def writing(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction, committed at the end of the block; of a request that is carried out once, with its answer."""
        return self.deps.store.write() if self.once is None else self.once.writing()

    async def look_back(self) -> None:
        """End the handler with the answer of that time when the request was carried out before, so that a slow step,
        such as a password hash, is not taken again. Call it only once the caller's rights have been decided.
        """
        if self.once is not None:
            await self.once.look()


@dataclass(frozen=True, slots=True)
class Operation:
    """One request that a client may make. `path` is the whole path, `{names}` included."""

    name: str
    """The operation's name in the vendor's words, unique within its surface."""
    method: str
    path: str
    action: Action
    handler: Callable[..., Awaitable[Any]]
    source: str
    """The section that describes it, of a standard or of a page in docs/contracts."""
    values: tuple[tuple[str, Any], ...]
    """The names in the path, in order, each with the type of the handler's argument."""
    query: type | None
    body: type | None
    answer: type | None
    """None: the answer has no body. `Answer`: the handler makes the response itself."""
    status: int = 200
    """The status of a successful answer."""
    headers: Headers = ()
    """Headers of every successful answer, beside those of the coat."""
    once: bool = False
    """Whether a request that is repeated under the id that its client gave it is carried out once (`once.py`). The
    secrets of its answer must be optional, since they are not kept.
    """
    hot: bool = False
    """Whether it is called thousands of times a second. Then it is matched before any other step, `enter` included, if
    its path is spelled as declared, and requests are not logged one by one. The handler must not enqueue events for
    webhooks: nothing would wake the sender.
    """
    slot: Callable[[Ask], Part] | None = None
    """Makes the part of a request that is done in a transaction, where many requests share one (slots.py), of an
    operation that takes no body and is public. What it cannot do the handler does. Raises DomainError. Never suspends.
    """
    guesses: tuple[type[DomainError], ...] = ()
    """Errors that count as an attempt to guess a secret: an address that makes too many has to wait."""
    before: Callable[[Ask], None] | None = None
    """A rate limit, asked before the caller is authenticated or the body is read. It raises DomainError."""
    asks: tuple[str, ...] = ()
    """Names of headers that the handler reads, for the OpenAPI document."""
    bare: bool = False
    """Whether a request without a body counts as one with an empty object."""
    takes: str | None = None
    """The media type of the body, where it is not JSON."""
    reads: type | None = None
    """The shape of a body that the handler reads itself, for the OpenAPI document."""
    gives: str = JSON
    """The media type of the answer."""
    when: Callable[[Settings], bool] | None = None
    """Whether a server with these settings serves it; None: every server does."""
    needs_caller: bool = field(init=False)
    """Whether the caller must be authenticated before query and body are read."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "needs_caller", self.action not in PUBLIC)
        if self.once:
            self._check_once()

    def _check_once(self) -> None:
        """Raise TypeError where an answer could not be kept, or would be given to somebody else."""
        if not self.needs_caller or self.hot or self.method == "GET":
            raise TypeError(f"{self.name}: what is carried out once has a caller, changes something, and is not hot")
        if self.answer is Answer or not (self.answer is None or can_be_kept(self.answer)):
            raise TypeError(f"{self.name}: its answer must be a Struct, in which secrets are optional")

    @property
    def summary(self) -> str:
        """The first paragraph of the handler's docstring, in one line."""
        return " ".join((inspect.getdoc(self.handler) or self.name).partition("\n\n")[0].split())


class Part(Protocol):
    """What a hot operation does with one request in the writers' turn, and what it answers."""

    async def work(self, tx: LoneTx) -> bool:
        """As `Slot.work` of the store. False: leave it to the handler, nothing was written."""
        ...

    def value(self) -> Any:
        """What the handler would return, once `work` has answered True. Raises DomainError."""
        ...


class Coat(Protocol):
    """What one vendor's wire format does with any request. A subclass defines at least what has no default here."""

    door: ClassVar[Audience | None]
    """The audience of its access tokens; None when the surface takes none."""
    errors: ClassVar[tuple[type, ...]]
    """The shapes of an error's body, for the OpenAPI document."""
    security: ClassVar[dict[str, Any]]
    """How a caller authenticates, as an OpenAPI security scheme; empty when no operation needs a caller."""
    overrides: ClassVar[bool] = False
    """Whether `X-HTTP-Method-Override` is obeyed: a request with it is matched only after `enter`."""

    def spell(self, path: str) -> str:
        """The path as the declarations spell it, for any spelling that means the same."""
        return path

    async def enter(self, ask: Ask) -> Answer | None:
        """See the request before it is matched; may change the scope. A response returned here is the answer."""
        return None

    async def authenticate(self, ask: Ask, operation: Operation) -> Caller:
        """Authenticate the caller. Raises InvalidToken. Not defined where all operations are public."""
        raise InvalidToken("nobody is authenticated here")

    def read_value(self, name: str, raw: str, kind: Any) -> Any:
        """Convert one value of the path to `kind`. Raises InvalidValue, NotFound."""
        return raw

    def read_query(self, ask: Ask, shape: type[T]) -> T:
        """Read the query into its shape. Raises InvalidValue."""
        raise InvalidValue("No query is read here.", field="query")

    async def read(self, ask: Ask, shape: type[T]) -> T:
        """Read the body, within its limits. Raises InvalidValue, PayloadTooLarge."""
        raise InvalidValue("No body is read here.", field="body")

    request_id_header: ClassVar[str] = "Idempotency-Key"
    """The header in which clients name a request, so that a repetition is known for one
    (draft-ietf-httpapi-idempotency-key).
    """

    def request_id(self, ask: Ask) -> str | None:
        """The id that the client gave the request; None when it gave none."""
        return header(ask.scope, self.request_id_header.lower().encode()) or None

    async def owner_of(self, read: Read, ask: Ask, operation: Operation, values: Mapping[Any, Any]) -> TenantId:
        """Find the tenant that the operation acts in. `values` are those of the path, by the kind of each."""
        return values.get(TenantId) or ask.caller.tenant_id or TenantId("")

    def repeat(self, ask: Ask, status: int, body: bytes) -> Answer:
        """Make the response to a request that was refused before, as it was then."""
        return Answer(status, body, [(b"content-type", JSON.encode()), *self.welcome(ask)])

    def count_guess(self, ask: Ask, surface: str) -> None:
        """Count an error of the operation's `guesses`. Raises RateLimited in its place once there are too many."""
        count_failure(ask.deps, surface, ask.origin)

    async def read_or_nothing(self, ask: Ask, shape: type[T]) -> T:
        """As `read`, for an operation that is `bare`."""
        return await self.read(ask, shape)

    def dress(self, ask: Ask, operation: Operation, value: Any) -> Answer:
        """Make the response of a success. A surface with long answers passes a `Stream` on."""
        ...

    def refuse(self, ask: Ask, error: DomainError) -> Answer | None:
        """Make the response to an error; None for a kind that cannot occur on this surface."""
        ...

    def no_route(self, ask: Ask, allowed: list[str]) -> Answer:
        """The response when nothing is at this address, or it takes other methods only. `Allow` is added to a 405."""
        ...

    def welcome(self, ask: Ask) -> Headers:
        """The headers of a response to OPTIONS."""
        return ()

    def fail(self, ask: Ask) -> Answer:
        """The response to an unexpected error, which is logged under the request's correlation id."""
        ...

    def statuses(self) -> set[int]:
        """Every status that `refuse` knows."""
        ...


@dataclass(slots=True)
class Surface:
    """All operations that one vendor's clients may use."""

    name: str
    title: str
    coat: Coat
    operations: list[Operation] = field(default_factory=list)
    not_offered: list[NotOffered] = field(default_factory=list)
    reads_values: bool = field(init=False)
    """Whether the coat has a `read_value` of its own."""

    def __post_init__(self) -> None:
        self.reads_values = type(self.coat).read_value is not Coat.read_value


class Said(TypedDict, total=False):
    """What a declaration may say besides, each as the field of `Operation` that is called like it."""

    status: int
    headers: Headers
    once: bool
    hot: bool
    slot: Callable[[Ask], Part] | None
    guesses: tuple[type[DomainError], ...]
    before: Callable[[Ask], None] | None
    asks: tuple[str, ...]
    bare: bool
    takes: str | None
    reads: type | None
    gives: str
    when: Callable[[Settings], bool] | None


class Op(Protocol):
    """Declares the decorated function as an operation. Raises TypeError when path and arguments do not fit."""

    def __call__(
        self, name: str, method: str, path: str, action: Action, *, source: str, **more: Unpack[Said]
    ) -> Callable[[Handler], Handler]: ...


def operations(surface: Surface, root: str) -> Op:
    """`op` for the operations of a surface whose paths begin with `root`.

    An operation is `async def(ask, <each name of the path, in order>, query: Struct, body: Struct) -> Struct | None`;
    query and body are left out by one that has none.
    """

    def op(
        name: str, method: str, path: str, action: Action, *, source: str, **more: Unpack[Said]
    ) -> Callable[[Handler], Handler]:
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
                    source,
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
    """The shape of the answer, without the `Answer` or `Stream` that a handler may return instead."""
    kinds = get_args(answer) if isinstance(answer, UnionType) else (answer,)
    if len(kinds) > 1:
        kinds = tuple(kind for kind in kinds if kind not in (Answer, Stream))
    return None if kinds == (NoneType,) else kinds[0]
