"""The headers that hold for each answer of the portal."""

from __future__ import annotations

from typing import TypeVar

from fastapi import Response

AnyResponse = TypeVar("AnyResponse", bound=Response)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'{form_action}; frame-ancestors 'none'; base-uri 'none'"
)

SECURITY_HEADERS = {
    "Content-Security-Policy": _POLICY.format(form_action=""),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""The headers of every answer that does not set its own. Secrets are shown on these pages, so nothing may keep
a copy.
"""


def with_form_action(response: AnyResponse, target: str) -> AnyResponse:
    """Let forms of this page lead, directly or by a redirect, to `target` as well: a source of the policy."""
    response.headers["Content-Security-Policy"] = _POLICY.format(form_action=f" {target}")
    return response
