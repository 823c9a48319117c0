"""Limits the connections of a server, and chooses which to close.

A connection is an open file, and a process may have only so many: a client that opens a thousand and sends nothing must
not keep others out. So the process asks for as many files as it may have. Beyond its limits it closes the connection
that has been idle longest: of the same address if that has too many, of any if there are too many in all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import suppress
from typing import Protocol

from uvicorn.middleware.proxy_headers import _TrustedHosts

from tenantry.surfaces.shared.limits import subscriber_of

WANTED_FILES = 65_536
RESERVED_FILES = 128
"""How many files are kept free for the store, the log and outgoing requests."""


class Connection(Protocol):
    """A connection that may be closed."""

    def hang_up(self) -> None:
        """Close the connection at once: it calls `leave` before it returns."""


def raise_file_limit() -> int:
    """Let the process open as many files as the system lets it ask for, up to WANTED_FILES. Answers how many it may
    open.
    """
    try:
        import resource
    except ModuleNotFoundError:  # not a POSIX system
        return WANTED_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return WANTED_FILES
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return soft


class Connections:
    """All open connections. A proxy that settings name may have as many as it likes, since it speaks for many
    clients.
    """

    def __init__(self, most: int, most_of_address: int, trusted_proxies: list[str]) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._proxies = _TrustedHosts(trusted_proxies)
        self._open: Counter[str] = Counter()
        self._all = 0
        self._idle: dict[Connection, None] = {}
        self._idle_of: defaultdict[str, dict[Connection, None]] = defaultdict(dict)
        """Without a request under way, those that wait longest first; and the same of each address."""

    def address_of(self, peer: str) -> str:
        """The address by which this client's connections are counted; empty when they have no bound of their own."""
        return "" if peer in self._proxies else subscriber_of(peer)

    def enter(self, connection: Connection, address: str) -> None:
        """Take a new connection in, which has no request yet. When there are too many, one is hung up on, which may be
        the new one.
        """
        self._open[address] += 1
        self._all += 1
        surplus: Connection | None = None
        if address and self._open[address] > self._most_of_address:
            surplus = next(iter(self._idle_of[address]), connection)
        elif self._all > self._most:
            surplus = next(iter(self._idle), connection)
        self.rest(connection, address)
        if surplus is not None:
            surplus.hang_up()

    def leave(self, connection: Connection, address: str) -> None:
        """Forget a connection that has ended, or is about to be hung up on."""
        self.work(connection, address)
        self._open[address] -= 1
        self._all -= 1
        if not self._open[address]:
            del self._open[address]
            self._idle_of.pop(address, None)

    def rest(self, connection: Connection, address: str) -> None:
        """Note that the connection's request is answered."""
        self._idle[connection] = self._idle_of[address][connection] = None

    def work(self, connection: Connection, address: str) -> None:
        """Note that the connection has sent the whole head of a request."""
        self._idle.pop(connection, None)
        self._idle_of[address].pop(connection, None)
