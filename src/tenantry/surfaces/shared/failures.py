"""Limits how many bad credentials one client address may present in a minute, at the endpoints that anybody can call.

Every refusal costs a look at the store and may cost a row in the trail. A client with too many of them is told to wait
before any work is done for it. Only refused credentials count: a body that cannot be parsed costs nothing.

Behind a proxy that no setting names, all clients have the proxy's address, and one stranger would make all of them
wait. So each is counted by what the proxy says of it, and the log says once what to do. Since a client without a proxy
can say anything too, all that comes from one address has a limit as well, a wide one.
"""

from __future__ import annotations

from functools import cache

from tenantry.core.caller import Origin
from tenantry.core.clock import MINUTE
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.limits import subscriber_of

CLIENTS_OF_A_PROXY = 20
"""An address that says that it asks for others may present as many bad credentials as this many clients may."""


def check_failures(deps: Deps, surface: str, origin: Origin) -> None:
    """Raise RateLimited when the address has presented too many at this surface."""
    limit = deps.settings.refusals_per_address_per_minute
    if not _is_hearsay(deps, origin):
        deps.limits.check_from(origin.address, "refusals", surface, limit=limit, window=MINUTE)
        return
    deps.limits.check("refusals", surface, counted_as(deps, origin), limit=limit, window=MINUTE)
    most = CLIENTS_OF_A_PROXY * limit
    deps.limits.check_from(origin.address, "refusals of all", surface, limit=most, window=MINUTE)


def count_failure(deps: Deps, surface: str, origin: Origin) -> None:
    """Count one bad credential. Raises RateLimited from the one after the limit on."""
    limit = deps.settings.refusals_per_address_per_minute
    if not _is_hearsay(deps, origin):
        deps.limits.hit_from(origin.address, "refusals", surface, limit=limit, window=MINUTE)
        return
    most = CLIENTS_OF_A_PROXY * limit  # asked first, so that made-up addresses cannot become more keys than this
    deps.limits.hit_from(origin.address, "refusals of all", surface, limit=most, window=MINUTE)
    deps.limits.hit("refusals", surface, counted_as(deps, origin), limit=limit, window=MINUTE)


def counted_as(deps: Deps, origin: Origin) -> str:
    """The key by which the failures of this client count: its address; through a proxy that no setting names, that and
    what the proxy says.

    Once `trusted_proxies` is set, addresses are believed: a client that comes past the proxies and names another
    address is counted by its own.
    """
    if _is_hearsay(deps, origin):
        warn_of_proxy()
        return f"{subscriber_of(origin.address)} for {subscriber_of(origin.forwarded)}"
    return subscriber_of(origin.address)


def _is_hearsay(deps: Deps, origin: Origin) -> bool:
    return bool(origin.forwarded) and not deps.settings.trusted_proxies


@cache
def warn_of_proxy() -> None:
    """Warn once in each process."""
    import structlog

    structlog.get_logger().warning(
        "requests come through a proxy that trusted_proxies does not name, so its address counts for everybody, and "
        "bad credentials by what it says of them; set TENANTRY_TRUSTED_PROXIES to the proxy's addresses, such as "
        "'[\"10.0.0.2\"]'"
    )
