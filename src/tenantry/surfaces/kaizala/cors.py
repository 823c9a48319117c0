"""Lets pages of other origins call this API (Fetch standard §3.2). Source: Kaizala contract §0 #11, §6 #35."""

from __future__ import annotations

from functools import cache

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Scope

from tenantry.settings import Settings
from tenantry.surfaces.shared.answers import Answer, answer_of, header

_TAKEN = (
    "accessToken",
    "applicationId",
    "applicationSecret",
    "refreshToken",
    "authorization",
    "content-type",
    "cache-control",
)
_VARY = (b"vary", b"Origin")
_EXPOSED = (b"access-control-expose-headers", b"Retry-After, X-Correlation-Id")
_ANY = (b"access-control-allow-origin", b"*")


def headers(settings: Settings, scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers of every answer but that to a preflight request."""
    origin = header(scope, b"origin")
    if origin is None:
        return [_VARY]
    if "*" in settings.cors_origins:
        return [_VARY, _EXPOSED, _ANY]
    if origin in settings.cors_origins:
        return [_VARY, _EXPOSED, (b"access-control-allow-origin", origin.encode("latin-1"))]
    return [_VARY, _EXPOSED]


def preflight(settings: Settings, scope: Scope) -> Answer | None:
    """The answer to a preflight request; None for any other request."""
    if scope["method"] != "OPTIONS":
        return None
    asked = Headers(scope=scope)
    if "origin" not in asked or "access-control-request-method" not in asked:
        return None
    return answer_of(_answering(tuple(settings.cors_origins)).preflight_response(asked))


@cache
def _answering(origins: tuple[str, ...]) -> CORSMiddleware:
    return CORSMiddleware(
        _nobody,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=_TAKEN,
        max_age=600,
    )


async def _nobody(*_: object) -> None:
    """The application behind the middleware. It is never called, since only the answers to preflight requests are
    taken.
    """
