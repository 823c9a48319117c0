"""What a program that watches the server asks: whether it is alive, whether it is ready, what it has counted."""

from __future__ import annotations

from ipaddress import ip_address

from msgspec import Struct
from starlette.types import Scope

from tenantry.access.actions import Action
from tenantry.settings import Settings
from tenantry.store.engine import health
from tenantry.surfaces.operation import Ask, operations
from tenantry.surfaces.operations.coat import OPERATIONS
from tenantry.surfaces.shared.answers import Answer
from tenantry.surfaces.shared.demo_doors import NOT_HERE, asks_by_loopback_name, came_through_proxy
from tenantry.surfaces.shared.origin import origin_of

_SOURCE = "docs/operating.md"

op = operations(OPERATIONS, "")


class Health(Struct):
    """The state of the server: `alive` or `ready`."""

    status: str


@op("alive", "GET", "/healthz", Action.READ_PUBLIC, source=_SOURCE, hot=True)
async def healthz(ask: Ask) -> Health:
    """Say that the process is alive. No I/O."""
    return Health("alive")


@op("ready", "GET", "/readyz", Action.READ_PUBLIC, source=_SOURCE, hot=True)
async def readyz(ask: Ask) -> Health:
    """Say that the store answers too; 503 with Retry-After when it does not."""
    async with ask.deps.store.read() as read:
        await health.ping(read)
    return Health("ready")


@op(
    "metrics",
    "GET",
    "/metrics",
    Action.READ_PUBLIC,
    source=_SOURCE,
    hot=True,
    gives="text/plain",
    when=lambda settings: settings.metrics,
)
async def metrics(ask: Ask) -> Answer:
    """Read what the process has counted, for Prometheus."""
    if not _may_read(ask.deps.settings, ask.scope):
        return NOT_HERE
    body, content_type = ask.deps.metrics.render()
    return Answer(200, body, [(b"content-type", content_type.encode())])


def _may_read(settings: Settings, scope: Scope) -> bool:
    """Whether the client is on this machine or in one of `metrics_from`. A client on this machine has to use a name
    that only the machine has for itself, since what comes through a proxy here that says nothing of its clients uses
    another one.
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
