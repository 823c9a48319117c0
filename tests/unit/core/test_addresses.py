"""core/addresses.py: where this server goes for strangers, and where it never does."""

from __future__ import annotations

import pytest

from tenantry.core.addresses import is_public

INSIDE_V4 = [
    "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.100.100.200", "100.127.255.255",
    "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1",
    "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.0", "192.88.99.1", "192.88.99.255",
    "192.168.0.0", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
]  # fmt: skip
INSIDE_V6 = [
    "::", "::1", "::10.0.0.1", "::8.8.8.8", "::ffff:0:10.0.0.1", "64:ff9b::a00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "1000::1", "2001::1", "2001:0:a00:1::1", "2001:2::1", "2001:10::1", "2001:20::1",
    "2001:1ff:ffff::1", "2001:db8::1", "2002:a00:1::1", "2002:7f00:1::", "2002:808:808::1", "3ffe::1", "3fff::1",
    "3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%eth0",
    "febf::1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
OUTSIDE_V4 = [
    "1.1.1.1", "9.255.255.255", "11.0.0.0", "93.184.216.34", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
    "191.255.255.255", "192.0.1.1", "192.0.3.1", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0",
    "198.17.255.255", "198.20.0.0", "223.255.255.255",
]  # fmt: skip
OUTSIDE_V6 = [
    "2001:200::1", "2001:4860:4860::8888", "2003::1", "2400:cb00::1", "2606:2800:220:1::1", "2620:4f:8000::1",
    "2a00:1450::1", "3000::1",
]  # fmt: skip


@pytest.mark.parametrize("address", [*INSIDE_V4, *(f"::ffff:{each}" for each in INSIDE_V4), *INSIDE_V6])
def test_addresses_that_lead_inside_or_may_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [*OUTSIDE_V4, *(f"::ffff:{each}" for each in OUTSIDE_V4), *OUTSIDE_V6])
def test_their_neighbours_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["", "localhost", "127.1", "0x7f.1", "10.0.0.1/8", "1.2.3.4.5", "::g"])
def test_what_is_no_address_is_not_public(address: str) -> None:
    assert not is_public(address)
