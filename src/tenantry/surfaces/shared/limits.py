"""How often: fixed windows, counted in this process.

Several server processes count apart, so that N of them let N times as much through.
"""

from __future__ import annotations

import ipaddress

from tenantry.core.clock import SECOND, Clock, Micros
from tenantry.core.errors import RateLimited

MAX_KEYS = 100_000


class RateLimiter:
    """Counts hits of a key in windows that begin at multiples of their length.

    Holds at most MAX_KEYS keys; the ones that have not begun a window for longest are forgotten first.
    """

    def __init__(self, enabled: bool, clock: Clock) -> None:
        self._enabled = enabled
        self._clock = clock
        self._counts: dict[tuple[str, ...], tuple[int, int]] = {}

    def hit(self, *key: str, limit: int, window: Micros) -> None:
        """Count one; raises RateLimited from the hit after `limit` on, until the window ends."""
        if not self._enabled:
            return
        now = self._clock()
        current = now // window
        began, count = self._counts.get(key, (current, 0))
        if began != current:
            count = 0
            del self._counts[key]  # so that it goes to the end: the order is that of the windows' beginnings
        if count >= limit:
            raise RateLimited(-(-((current + 1) * window - now) // SECOND))
        if len(self._counts) >= MAX_KEYS and key not in self._counts:
            del self._counts[next(iter(self._counts))]
        self._counts[key] = (current, count + 1)

    def check(self, *key: str, limit: int, window: Micros) -> None:
        """Raises RateLimited where `hit` would; counts nothing."""
        current = self._clock() // window
        began, count = self._counts.get(key, (current, 0))
        if self._enabled and began == current and count >= limit:
            raise RateLimited(-(-((current + 1) * window - self._clock()) // SECOND))


def subscriber_of(address: str) -> str:
    """What limits per client address count by: of an IPv6 address its /64, since one client has all of that.

    What is no address (a proxy may say anything) counts as it is.
    """
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(parsed.ipv4_mapped or ipaddress.IPv6Network((int(parsed), 64), strict=False))
