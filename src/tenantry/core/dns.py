"""Questions to the DNS: the text records of a name that somebody says is theirs."""

from __future__ import annotations

import asyncio
from typing import Protocol

DEADLINE_SECONDS = 5.0


class DnsFailed(Exception):
    """The DNS gave no answer in time, or broke. A name that does not exist is an answer."""


class TextRecords(Protocol):
    """Who can be asked; tests bring their own."""

    async def find(self, name: str) -> list[str]:
        """The TXT records at exactly this name (ASCII, absolute); none when there are none. Raises DnsFailed."""
        ...


class SystemDns:
    """Asks the servers the system is set up with, in a thread of the loop's pool."""

    async def find(self, name: str) -> list[str]:
        """See TextRecords."""
        return await asyncio.to_thread(_ask, name)


def _ask(name: str) -> list[str]:
    """The library is loaded when the first question comes: few servers ever ask one."""
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
