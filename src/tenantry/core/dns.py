"""Queries the DNS for the TXT records of a domain that a tenant claims to own.

The owner of such a name may let it answer slowly, or never. So tenants take turns, in threads that nothing else waits
for.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

from tenantry.core.fair_shares import FairThreads, NoTurn

DEADLINE_SECONDS = 5.0
TURN_SECONDS = 5.0
"""How long a question waits for its tenant's turn."""
MOST_AT_ONCE = 16
MOST_AT_ONCE_OF_A_TENANT = 2


class DnsFailed(Exception):
    """The DNS gave no answer in time, or failed. That a name does not exist is an answer."""


class TextRecords(Protocol):
    """What can be asked for TXT records. Tests use one of their own."""

    async def find(self, name: str, *, tenant_id: str) -> list[str]:
        """The TXT records at exactly this name (ASCII, absolute); an empty list when there are none. `tenant_id`: the
        tenant for which it is asked. Raises DnsFailed.
        """
        ...


class SystemDns:
    """Asks the DNS servers that the system is set up with."""

    def __init__(self) -> None:
        self._threads = FairThreads("dns", MOST_AT_ONCE, MOST_AT_ONCE_OF_A_TENANT)

    async def find(self, name: str, *, tenant_id: str) -> list[str]:
        """See TextRecords."""
        try:
            await self._threads.take(tenant_id, TURN_SECONDS)
        except NoTurn:
            raise DnsFailed("too many questions are under way") from None
        return await self._threads.work(tenant_id, partial(_ask, name))


def _ask(name: str) -> list[str]:
    """Ask for the records. The library is loaded when the first question comes, since few servers ever ask one."""
    import dns.exception
    import dns.name
    import dns.rdatatype
    import dns.resolver

    wanted = dns.name.from_text(name)
    try:
        resolver = dns.resolver.Resolver()
        answer = resolver.resolve(wanted, dns.rdatatype.TXT, lifetime=DEADLINE_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise DnsFailed(type(error).__name__) from None
    if answer.canonical_name != wanted:
        return []  # behind an alias somebody else may answer, such as the host that a forgotten CNAME leads to
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
