"""How an endpoint of this surface answers: the work returns a body, errors become this surface's own.

Answers with tokens are never stored by caches (RFC 6749 §5.1).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.types import Receive, Scope

from tenantry.core.caller import Origin
from tenantry.core.clock import MINUTE, Micros
from tenantry.core.errors import BadCredentials, DomainError
from tenantry.surfaces.oauth import errors
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.failures import check_failures, count_failure, counted_as
from tenantry.surfaces.shared.hot import HotAnswer, HotEndpoint, json_answer
from tenantry.surfaces.shared.origin import origin_of

NO_STORE = [(b"cache-control", b"no-store"), (b"pragma", b"no-cache")]
SURFACE = "oauth"


@dataclass(slots=True)
class TokenRequest:
    """One request. `client_id` is what it says of its client, see `name_client`."""

    scope: Scope
    receive: Receive
    origin: Origin
    now: Micros
    match: re.Match[str] | None
    client_id: str = ""


def name_client(deps: Deps, request: TokenRequest, client_id: str) -> None:
    """Failures count against this client from here on. Raises RateLimited when it has too many at this address.

    They count for this address only: nobody can lock a client out from elsewhere.
    """
    request.client_id = client_id[:64]
    subscriber, limit = counted_as(deps, request.origin), deps.settings.refusals_per_client_per_minute
    deps.limits.check(SURFACE, subscriber, request.client_id, limit=limit, window=MINUTE)


Work = Callable[[Deps, TokenRequest], Awaitable[dict[str, Any]]]
ErrorBody = Callable[[DomainError, errors.Line, Origin, Micros], bytes]


def answering(work: Work, error_body: ErrorBody) -> HotEndpoint:
    """The endpoint that does `work` and answers what it returns, or the error it raises in the form of `error_body`.

    Bad credentials are counted; whoever has too many of them is told to wait.
    """

    async def endpoint(deps: Deps, scope: Scope, receive: Receive, match: re.Match[str] | None) -> HotAnswer:
        request = TokenRequest(scope, receive, origin_of(scope), deps.clock(), match)
        request_id = [(b"x-ms-request-id", request.origin.correlation_id.encode())]
        try:
            check_failures(deps, SURFACE, request.origin)
            body = msgspec.json.encode(await work(deps, request))
        except DomainError as error:
            final = _count_failure(deps, request, error)
            line = errors.line_of(final)
            if line is None:
                raise
            body = error_body(final, line, request.origin, request.now)
            return json_answer(line.status, body, [*NO_STORE, *request_id, *errors.headers_of(final)])
        return json_answer(200, body, [*NO_STORE, *request_id])

    return endpoint


def _count_failure(deps: Deps, request: TokenRequest, error: DomainError) -> DomainError:
    """The error itself, or RateLimited once there are too many."""
    if not isinstance(error, BadCredentials):
        return error
    subscriber, limit = counted_as(deps, request.origin), deps.settings.refusals_per_client_per_minute
    try:
        count_failure(deps, SURFACE, request.origin)
        deps.limits.hit(SURFACE, subscriber, request.client_id, limit=limit, window=MINUTE)
    except DomainError as limited:
        return limited
    return error


def rfc_error_body(error: DomainError, line: errors.Line, _origin: Origin, _now: Micros) -> bytes:
    """For clients that know RFC 6749 only."""
    return errors.rfc_body(error, line)
