"""How many bad credentials one client address may present in a minute, at the endpoints that anybody can call.

Every refusal costs a look at the store and may cost a row in the trail. Who has too many is told to wait before any
work is done for it. Only refused credentials count: a body that does not parse costs nothing.

Behind a proxy that no setting names, everybody has the proxy's address, and one stranger would make all of them wait:
then nothing is counted, and the log says once what to do.
"""

from __future__ import annotations

from functools import cache

from tenantry.core.caller import Origin
from tenantry.core.clock import MINUTE
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.limits import subscriber_of


def check_failures(deps: Deps, surface: str, origin: Origin) -> None:
    """Raises RateLimited when the address has too many at this surface."""
    subscriber, limit = counted_as(deps, origin), deps.settings.refusals_per_address_per_minute
    if subscriber is not None:
        deps.limits.check("refusals", surface, subscriber, limit=limit, window=MINUTE)


def count_failure(deps: Deps, surface: str, origin: Origin) -> None:
    """Count one. Raises RateLimited from the one after the limit on."""
    subscriber, limit = counted_as(deps, origin), deps.settings.refusals_per_address_per_minute
    if subscriber is not None:
        deps.limits.hit("refusals", surface, subscriber, limit=limit, window=MINUTE)


def counted_as(deps: Deps, origin: Origin) -> str | None:
    """What the failures of this client count by; None when its address is that of a proxy no setting names.

    Once `trusted_proxies` is set, addresses are believed: whoever comes past the proxies and says to be one is itself.
    """
    if origin.is_forwarded and not deps.settings.trusted_proxies:
        warn_of_proxy()
        return None
    return subscriber_of(origin.address)


@cache
def warn_of_proxy() -> None:
    """Once for each process."""
    import structlog

    structlog.get_logger().warning(
        "requests come through a proxy that trusted_proxies does not name, so bad credentials are not limited by "
        "address; set TENANTRY_TRUSTED_PROXIES to the proxy's addresses, such as '[\"10.0.0.2\"]'"
    )
