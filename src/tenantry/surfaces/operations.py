"""What a watchdog asks: is it alive, is it ready, what has it counted."""

from __future__ import annotations

import re

import msgspec
from starlette.types import Receive, Scope

from tenantry.access.actions import Action
from tenantry.core.errors import StoreBusy
from tenantry.metrics import Metrics
from tenantry.store import health
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import HotAnswer, HotEndpoint, HotRoute, json_answer


def routes(metrics: Metrics | None) -> list[HotRoute]:
    """`/metrics` is there only with `metrics`."""
    found: dict[str, HotEndpoint] = {"/healthz": _healthz, "/readyz": _readyz}
    if metrics is not None:
        found["/metrics"] = _metrics_endpoint(metrics)
    return [HotRoute("GET", path, endpoint, Action.READ_PUBLIC) for path, endpoint in found.items()]


async def _healthz(_deps: Deps, _scope: Scope, _receive: Receive, _match: re.Match[str] | None) -> HotAnswer:
    """The process answers. No I/O."""
    return json_answer(200, b'{"status":"alive"}')


async def _readyz(deps: Deps, _scope: Scope, _receive: Receive, _match: re.Match[str] | None) -> HotAnswer:
    """The store answers too. 503 with Retry-After when it does not."""
    try:
        async with deps.store.read() as read:
            await health.ping(read)
    except StoreBusy as error:
        body = msgspec.json.encode({"status": "not ready", "reason": error.public})
        return json_answer(503, body, [(b"retry-after", b"%d" % error.retry_after)])
    return json_answer(200, b'{"status":"ready"}')


def _metrics_endpoint(metrics: Metrics) -> HotEndpoint:
    async def endpoint(_deps: Deps, _scope: Scope, _receive: Receive, _match: re.Match[str] | None) -> HotAnswer:
        body, content_type = metrics.render()
        return HotAnswer(200, body, [(b"content-type", content_type.encode())])

    return endpoint
