"""What a watchdog asks: is it alive, is it ready, what has it counted."""

from __future__ import annotations

import re
from ipaddress import ip_address

import msgspec
from starlette.types import Receive, Scope

from tenantry.access.actions import Action
from tenantry.core.errors import StoreBusy
from tenantry.metrics import Metrics
from tenantry.settings import Settings
from tenantry.store.engine import health
from tenantry.surfaces.shared.demo_doors import NOT_HERE, asks_by_loopback_name, came_through_proxy
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import HotAnswer, HotEndpoint, HotRoute, json_answer
from tenantry.surfaces.shared.origin import origin_of


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
    async def endpoint(deps: Deps, scope: Scope, _receive: Receive, _match: re.Match[str] | None) -> HotAnswer:
        if not _may_read(deps.settings, scope):
            return NOT_HERE
        body, content_type = metrics.render()
        return HotAnswer(200, body, [(b"content-type", content_type.encode())])

    return endpoint


def _may_read(settings: Settings, scope: Scope) -> bool:
    """Whether the client is on this machine or in one of `metrics_from`. One on this machine asks by a name of this
    machine: what comes through a proxy here that says nothing of its clients has another.
    """
    origin = origin_of(scope)
    if not settings.trusted_proxies and came_through_proxy(scope):
        return False
    try:
        address = ip_address(origin.address.partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return asks_by_loopback_name(scope)
    return any(address in network for network in settings.metrics_from)


def refuse_method(method: str, allowed: list[str]) -> HotAnswer:
    """OPTIONS is answered; anything else is not for these addresses."""
    allow = (b"allow", ", ".join(allowed).encode())
    if method == "OPTIONS":
        return HotAnswer(200, b"", [allow])
    return json_answer(405, b'{"error":"method_not_allowed"}', [allow])
