"""Which IP addresses are on the public internet. This server sends requests for strangers to those only.

The table is our own: what the standard library calls global differs between Python versions, and it does not know what
clouds put into public ranges. Sources: IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890), RFC 6598,
RFC 7526, RFC 8215, RFC 9637; Microsoft's page on 168.63.129.16.
"""

from __future__ import annotations

import ipaddress

_NOT_PUBLIC_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' and clouds' own
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's wire server: reached from inside only, hands out certificates of the machine
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; metadata of Oracle's cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays into 6to4, which lead anywhere
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
"""All that IANA gives out. Outside of it are loopback, link-local, site-local, unique local (clouds' metadata),
multicast, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), IPv4-compatible and IPv4-translated addresses, segment routing.
"""
_NOT_PUBLIC_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which leads to whatever IPv4 address is inside
        "3ffe::/16",  # the 6bone of old, given back
        "3fff::/20",  # documentation
    )
)


def is_public(address: str) -> bool:
    """Whether the address is on the public internet. `address` is as `getaddrinfo` gives it; a text that is no address
    is not public. An IPv4-mapped address counts as the IPv4 address in it.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return parsed in _UNICAST_V6 and not any(parsed in network for network in _NOT_PUBLIC_V6)
        parsed = parsed.ipv4_mapped
    return not any(parsed in network for network in _NOT_PUBLIC_V4)
