"""How many bad credentials one client address may present in a minute, at the endpoints that anybody can call.

Every refusal costs a look at the store and may cost a row in the trail. Who has too many is told to wait before any
work is done for it. Only refused credentials count: a body that does not parse costs nothing.
"""

from __future__ import annotations

from tenantry.core.clock import MINUTE
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.limits import subscriber_of


def check_failures(deps: Deps, surface: str, address: str) -> None:
    """Raises RateLimited when the address has too many at this surface."""
    limit = deps.settings.refusals_per_address_per_minute
    deps.limits.check("refusals", surface, subscriber_of(address), limit=limit, window=MINUTE)


def count_failure(deps: Deps, surface: str, address: str) -> None:
    """Count one. Raises RateLimited from the one after the limit on."""
    limit = deps.settings.refusals_per_address_per_minute
    deps.limits.hit("refusals", surface, subscriber_of(address), limit=limit, window=MINUTE)
