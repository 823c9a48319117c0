"""The access token of a request."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Scope

from tenantry.surfaces.shared.answers import header


def bearer_token(headers: Mapping[str, str]) -> str | None:
    """The token of `Authorization: Bearer TOKEN` (RFC 6750 §2.1; the scheme in any letter case), None without one.

    `headers` finds names in any letter case, as Starlette's do.
    """
    return _token_of(headers.get("authorization", ""))


def bearer_token_of(scope: Scope) -> str | None:
    """The token of a request that no framework has looked at; None without one."""
    return _token_of(header(scope, b"authorization") or "")


def _token_of(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
