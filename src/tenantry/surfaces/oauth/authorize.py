"""`GET /{tenant}/oauth2/authorize` (and `/v2.0/`): says that nobody can sign in here, and sends nobody anywhere.

MSAL refuses a discovery document without this address, also for the grants that never visit it.
Source: RFC 6749 §4.1.2.1 (never redirect on what has not been checked).
"""

from __future__ import annotations

import re

from starlette.types import Receive, Scope, Send

from tenantry.core.errors import UnsupportedGrantType
from tenantry.surfaces.oauth import errors
from tenantry.surfaces.oauth.answers import NO_STORE
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import send_json
from tenantry.surfaces.shared.origin import origin_of

NO_PAGE = "Signing in on a page is not offered here. Use a refresh token or client credentials at the token endpoint."


async def authorize(deps: Deps, scope: Scope, _receive: Receive, send: Send, _match: re.Match[str] | None) -> None:
    """Always 400 `unsupported_response_type`."""
    line = errors.Line(400, "unsupported_response_type", 70001)
    body = errors.aad_body(UnsupportedGrantType(NO_PAGE), line, origin_of(scope), deps.clock())
    await send_json(send, line.status, body, NO_STORE)
