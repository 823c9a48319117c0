"""The access token of a request."""

from __future__ import annotations

from collections.abc import Mapping


def bearer_token(headers: Mapping[str, str]) -> str | None:
    """The token of `Authorization: Bearer TOKEN` (RFC 6750 §2.1; the scheme in any letter case), None without one.

    `headers` finds names in any letter case, as Starlette's do.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
