"""How every request is served: match the operation, authenticate, read query and body, call, make the response.

1. `router.py` matches the operation: a hot one before any other step, the rest by the surface that owns the path.
2. HEAD is answered wherever GET is, OPTIONS at every address, with `Allow`; another method is refused with 405 and an
   `Allow` that names those the address takes (RFC 9110 §9.3.2, §9.3.7, §15.5.6).
3. Every error is answered by the surface's coat, in its vendor's form. Guesses of a secret are counted, denials
   recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from tenantry.core.caller import Caller, CallerKind
from tenantry.core.errors import DomainError, RateLimited
from tenantry.core.log import get_logger
from tenantry.surfaces.once import carry_out_once
from tenantry.surfaces.operation import Ask, Operation, Surface
from tenantry.surfaces.router import Found, Routes
from tenantry.surfaces.shared.answers import Answer
from tenantry.surfaces.shared.coding import TAKEN
from tenantry.surfaces.shared.denials import note_denial
from tenantry.surfaces.shared.failures import check_failures
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.request_log import path_in_log

if TYPE_CHECKING:
    from tenantry.surfaces.shared.deps import Deps

_log = get_logger()


class Served(NamedTuple):
    """A response, and the operation that gave it, if there was one."""

    answer: Answer
    operation: Operation | None


def begin(deps: Deps, scope: Scope, receive: Receive) -> Ask:
    """An `Ask` with what is known before the caller is authenticated or the body is read."""
    origin = origin_of(scope)
    return Ask(deps, scope, receive, origin, Caller(CallerKind.ANONYMOUS, origin), deps.clock())


async def serve(routes: Routes, ask: Ask, *, fault: DomainError | None = None) -> Served:
    """Answer one request whose operation must still be matched, whatever happens. Raises ClientDisconnect only.

    With a `fault`, the request is refused for that, whatever it asks.
    """
    if fault is not None:
        return Served(await refuse(routes.surface, ask, None, fault), None)
    try:
        found = await _match(routes, ask)
    except ClientDisconnect:
        raise
    except Exception as error:  # noqa: BLE001 - refused, or logged in full
        return Served(await refuse(routes.surface, ask, None, error), None)
    if isinstance(found, Answer):
        return Served(found, None)
    return Served(await run(found, ask), found[1])


async def _match(routes: Routes, ask: Ask) -> Found | Answer:
    """The matched operation, or a response if there is none or none is needed."""
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
        return Answer(200, b"", [allow, *coat.welcome(ask)])
    answer = coat.no_route(ask, allowed)
    return replace(answer, headers=[*answer.headers, allow]) if answer.status == 405 else answer


async def run(found: Found, ask: Ask) -> Answer:
    """Answer one request whose operation is known, whatever happens. Raises ClientDisconnect only. Hot path."""
    surface, operation, values = found
    coat = surface.coat
    ask.operation = operation
    try:
        if operation.before is not None:
            operation.before(ask)
        if operation.guesses:
            check_failures(ask.deps, surface.name, ask.origin)
        if operation.needs_caller:
            ask.caller = await coat.authenticate(ask, operation)
        named: Sequence[Any] = values
        if values and surface.reads_values:
            kinds = operation.values
            named = [coat.read_value(name, raw, kind) for (name, kind), raw in zip(kinds, values, strict=True)]
        sent: dict[str, Any] = {}
        if operation.query is not None:
            sent["query"] = coat.read_query(ask, operation.query)
        if operation.body is not None:
            read = coat.read_or_nothing if operation.bare else coat.read
            sent["body"] = await read(ask, operation.body)
        if operation.once:
            return await carry_out_once(coat, operation, ask, named, sent)
        value = await operation.handler(ask, *named, **sent)
        return value if isinstance(value, Answer) else coat.dress(ask, operation, value)
    except ClientDisconnect:
        raise
    except Exception as error:  # noqa: BLE001 - refused, or logged in full
        return await refuse(surface, ask, operation, error)


async def refuse(surface: Surface, ask: Ask, operation: Operation | None, error: BaseException) -> Answer:
    """Count a guess, record a denial, then answer in the surface's form; an error without a form is a bug."""
    ask.after = None
    if isinstance(error, DomainError):
        if operation is not None and isinstance(error, operation.guesses):
            error = _counted(surface, ask, error)
        await note_denial(ask.deps, ask.caller, error)
        answer = surface.coat.refuse(ask, error)
        if answer is not None:
            return replace(answer, headers=[*answer.headers, TAKEN]) if answer.status == 415 else answer
    _log.error(
        "unexpected error",
        method=ask.scope["method"],
        path=path_in_log(ask.scope),
        correlation_id=ask.origin.correlation_id,
        exc_info=error,
    )
    return surface.coat.fail(ask)


def _counted(surface: Surface, ask: Ask, error: DomainError) -> DomainError:
    """The error itself, or RateLimited once the address has made too many guesses."""
    try:
        surface.coat.count_guess(ask, surface.name)
    except RateLimited as limited:
        return limited
    return error
