"""Microsoft Graph, which partners' programs call beside Partner Center: not offered, and said so in Graph's own words.

The server has its paths, `/v1.0/...` and `/beta/...`, so that a client reads an error that it knows and no page.
Source: the "Microsoft Graph error responses" reference; Partner Center contract §3.5.
"""

from __future__ import annotations

import re

import msgspec
from starlette.types import Scope

from tenantry.surfaces.shared.answers import Answer, json_answer
from tenantry.surfaces.shared.origin import origin_of

_PATH = re.compile(r"/+(?:v1\.0|beta)(?:/+(?!customers(?:/|$)).*)?/*", re.IGNORECASE | re.DOTALL)
"""But not `/v1.0/customers`, which is Partner Center's in an older spelling."""


def is_graph(path: str) -> bool:
    """Whether it is a path of Graph's, from the root of a host on."""
    return _PATH.fullmatch(path) is not None


def not_offered(scope: Scope) -> Answer:
    """A 400, as Graph answers to a path segment that it does not know."""
    segments = [segment for segment in scope["path"].split("/") if segment][1:]
    name = ascii(segments[0])[1:-1][:64] if segments else ""
    request_id = origin_of(scope).correlation_id
    error = {
        "code": "BadRequest",
        "message": f"Resource not found for the segment '{name}': this server does not offer Microsoft Graph.",
        "innerError": {"request-id": request_id, "client-request-id": request_id},
    }
    return json_answer(400, msgspec.json.encode({"error": error}), [(b"request-id", request_id.encode())])
