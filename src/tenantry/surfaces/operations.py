"""What a watchdog asks: is it alive, is it ready, what has it counted."""

from __future__ import annotations

import re

import msgspec
from starlette.types import Receive, Scope, Send

from tenantry.access.actions import Action
from tenantry.core.errors import StoreBusy
from tenantry.metrics import Metrics
from tenantry.store import health
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import HotEndpoint, HotRoute, send_bytes, send_json


def routes(metrics: Metrics | None) -> list[HotRoute]:
    """`/metrics` is there only with `metrics`."""
    found: dict[str, HotEndpoint] = {"/healthz": _healthz, "/readyz": _readyz}
    if metrics is not None:
        found["/metrics"] = _metrics_endpoint(metrics)
    return [HotRoute("GET", path, endpoint, Action.READ_PUBLIC) for path, endpoint in found.items()]


async def _healthz(_deps: Deps, _scope: Scope, _receive: Receive, send: Send, _match: re.Match[str] | None) -> None:
    """The process answers. No I/O."""
    await send_json(send, 200, b'{"status":"alive"}')


async def _readyz(deps: Deps, _scope: Scope, _receive: Receive, send: Send, _match: re.Match[str] | None) -> None:
    """The store answers too. 503 with Retry-After when it does not."""
    try:
        async with deps.store.read() as read:
            await health.ping(read)
    except StoreBusy as error:
        body = msgspec.json.encode({"status": "not ready", "reason": error.public})
        await send_json(send, 503, body, [(b"retry-after", b"%d" % error.retry_after)])
    else:
        await send_json(send, 200, b'{"status":"ready"}')


def _metrics_endpoint(metrics: Metrics) -> HotEndpoint:
    async def endpoint(_deps: Deps, _scope: Scope, _receive: Receive, send: Send, _match: re.Match[str] | None) -> None:
        body, content_type = metrics.render()
        await send_bytes(send, 200, body, content_type.encode())

    return endpoint
