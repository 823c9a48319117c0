"""What holds for every request and answer of the surface: paths in any spelling, the vendor's headers, the last resort.

Clients send trailing slashes, double slashes and `/v1.0`, and literal segments in any letter case (contract §0 #1-2).
One drops the path of its base address: the vendor's own paths, from the root on, lead here as well (contract §5).
"""

from __future__ import annotations

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenantry.core.ids import new_guid
from tenantry.core.log import get_logger
from tenantry.surfaces.partner_center import graph
from tenantry.surfaces.partner_center.errors import unexpected
from tenantry.surfaces.shared.hot import header
from tenantry.surfaces.shared.origin import origin_of

_SANE = re.compile(r"[A-Za-z0-9{][A-Za-z0-9._{}-]{0,63}")
_SERVER_ID = "1"
ROOT = "partnercenter"

_log = get_logger()


def sent_request_id(scope: Scope) -> str | None:
    """`MS-RequestId` as the client sent it; None when it sent none or one that is no identifier."""
    sent = header(scope, b"ms-requestid")
    return sent if sent and _SANE.fullmatch(sent) else None


class Protocol:
    """ASGI middleware, the outermost of the surface."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if graph.is_graph(scope["path"]):
            await graph.not_offered(scope)(scope, receive, send)
            return
        scope["path"] = canonical_path(scope["path"])
        request_id = sent_request_id(scope) or new_guid()
        correlation_id = origin_of(scope).correlation_id
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers["MS-RequestId"] = request_id
                headers["MS-CorrelationId"] = correlation_id
                headers["MS-CV"] = _vector(correlation_id)
                headers["MS-ServerId"] = _SERVER_ID
                headers["Cache-Control"] = "no-store"
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            raise
        except Exception:
            if begun:
                raise
            _log.exception("unexpected error", path=ascii(scope["path"])[1:-1], correlation_id=correlation_id)
            await unexpected(correlation_id)(scope, receive, send_with_headers)


def canonical_path(path: str) -> str:
    """Below `/partnercenter`, single slashes, none at the end, lower case (identifiers are GUIDs), `v1` for `v1.0`."""
    segments = [segment.lower() for segment in path.split("/") if segment]
    if segments[:1] != [ROOT]:
        segments.insert(0, ROOT)
    if segments[1:2] == ["v1.0"]:
        segments[1] = "v1"
    return "/" + "/".join(segments)


def _vector(correlation_id: str) -> str:
    """A correlation vector, as `3TLmR9gz6EaCVCjR.0`: 16 characters of base64 that follow from the correlation id."""
    digest = hashlib.blake2b(correlation_id.encode(), digest_size=12).digest()
    return f"{base64.b64encode(digest).decode()}.0"
