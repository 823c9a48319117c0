"""What the log says of requests and of bugs."""

from __future__ import annotations

from starlette.types import Scope

from tenantry.core.log import get_logger
from tenantry.surfaces.shared.answers import Answer, bug_answer
from tenantry.surfaces.shared.origin import origin_of

_log = get_logger()


def log_request(scope: Scope, surface: str, status: int, seconds: float) -> None:
    """Log a request that is not hot as one line, without query, header or body."""
    _log.info(
        "request",
        method=scope["method"],
        path=path_in_log(scope),
        surface=surface,
        status=status,
        ms=round(seconds * 1000, 1),
        correlation_id=origin_of(scope).correlation_id,
    )


def log_failure(scope: Scope) -> Answer:
    """Log the exception that is being handled, which is a bug, in full. Answers the response, which has its id only."""
    correlation_id = origin_of(scope).correlation_id
    _log.exception("unexpected error", method=scope["method"], path=path_in_log(scope), correlation_id=correlation_id)
    return bug_answer(correlation_id)


def path_in_log(scope: Scope) -> str:
    """The path, in which all that is not ASCII is escaped, so that nobody writes lines of their own into the log."""
    return ascii(scope["path"])[1:-1]
