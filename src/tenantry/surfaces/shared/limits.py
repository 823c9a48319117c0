"""Limits how often something may be done, in fixed windows that are counted in this process.

Several server processes count apart, so that N of them let N times as much through.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from tenantry.core.clock import SECOND, Clock, Micros
from tenantry.core.errors import RateLimited

MAX_KEYS = 50_000
"""How many keys one limit holds. The first word of a key and the window say which limit it is."""

_Counts = dict[tuple[str, ...], tuple[int, int]]
"""For each key the number of its window, and the hits in that."""


class RateLimiter:
    """Counts hits of a key in windows that begin at multiples of their length.

    Each limit holds at most MAX_KEYS keys; the ones that have not begun a window for longest are forgotten first. No
    limit makes another forget: strangers make up as many client ids as they like, and would get more tries of a
    second factor by it.
    """

    def __init__(self, enabled: bool, clock: Clock) -> None:
        self._enabled = enabled
        self._clock = clock
        self._limits: dict[tuple[str, Micros], _Counts] = {}

    def hit(self, *key: str, limit: int, window: Micros) -> int:
        """Count one use of the key. Answers how many that makes in this window, 0 when limits are off.

        Raises RateLimited from the use after `limit` on, until the window ends.
        """
        if not self._enabled:
            return 0
        now = self._clock()
        current = now // window
        counts = self._limits.setdefault((key[0], window), {})
        began, count = counts.get(key, (current, 0))
        if began != current:
            count = 0
            del counts[key]  # so that it is added at the end: keys are in the order in which their windows began
        if count >= limit:
            raise RateLimited(-(-((current + 1) * window - now) // SECOND))
        if len(counts) >= MAX_KEYS and key not in counts:
            del counts[next(iter(counts))]
        counts[key] = (current, count + 1)
        return count + 1

    def hit_from(self, address: str, *key: str, limit: int, window: Micros) -> None:
        """Count one use by a client address, and by the networks around it (`networks_of`). Any of them may
        refuse it.
        """
        networks = networks_of(address)
        for network, times in networks:
            self.check(*key, network, limit=limit * times, window=window)
        for network, times in networks:
            self.hit(*key, network, limit=limit * times, window=window)

    def check_from(self, address: str, *key: str, limit: int, window: Micros) -> None:
        """Raise RateLimited where `hit_from` would, without counting."""
        counts = self._limits.get((key[0], window))
        if not counts:
            return
        for network, times in networks_of(address):
            if (*key, network) in counts:
                self.check(*key, network, limit=limit * times, window=window)

    def check(self, *key: str, limit: int, window: Micros) -> None:
        """Raise RateLimited where `hit` would, without counting."""
        counted = self._limits.get((key[0], window), {}).get(key)
        if counted is None or counted[1] < limit:
            return
        now = self._clock()
        current = now // window
        if counted[0] == current:  # one of a later window was counted before the clock was set back
            raise RateLimited(-(-((current + 1) * window - now) // SECOND))


_NETWORKS = ((64, 1), (56, 4), (48, 16))
"""Prefixes of IPv6 networks that one subscriber may have, and how many times the limit of a /64 each of them has."""


@lru_cache(4096)
def networks_of(address: str) -> tuple[tuple[str, int], ...]:
    """The keys by which limits per client address count, each with how many times the limit it has.

    For an IPv6 address they are its /64, which one machine has all of, and the /56 and /48 that its subscriber may
    have. A text that is no address counts as it is, since a proxy may say anything.
    """
    if ":" not in address:
        return ((address, 1),)
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return ((address, 1),)
    if parsed.ipv4_mapped:
        return ((str(parsed.ipv4_mapped), 1),)
    return tuple((str(ipaddress.IPv6Network((int(parsed), bits), strict=False)), times) for bits, times in _NETWORKS)


def subscriber_of(address: str) -> str:
    """The key for limits that count by client address together with something else: the narrowest of `networks_of`."""
    return networks_of(address)[0][0]
