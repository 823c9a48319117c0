"""No address that a tenant's administrator types leads into the server's own network, however it is spelled.

The table of addresses, with their neighbours that are public, is tests/unit/core/test_addresses.py.
"""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tenantry.core.http import OutgoingHttp, Unreachable


@pytest.mark.parametrize(
    "host",
    [
        "168.63.129.16", "192.88.99.1", "2822734096", "0xa83f8110", "0250.077.0201.020", "168.63.33040",
        "0xa8.0x3f.0x81.0x10", "[::ffff:168.63.129.16]", "[::ffff:a83f:8110]", "[2002:a83f:8110::1]",
        "[64:ff9b::a83f:8110]", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "0", "[fd00:ec2::254]",
    ],
)  # fmt: skip
async def test_no_spelling_of_an_address_inside_is_gone_to(host: str) -> None:
    with pytest.raises(Unreachable, match=r"private network|no answer: (gaierror|OSError|UnicodeError)"):
        await OutgoingHttp().get(f"https://{host}:1/", tenant_id="t")


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.1", "168.63.129.16", "::1", "fd00::1"])
@pytest.mark.parametrize("is_first", [True, False])
async def test_a_name_one_of_whose_addresses_is_inside_is_not_gone_to_at_any(
    monkeypatch: pytest.MonkeyPatch, inside: str, is_first: bool
) -> None:
    gone_to: list[str] = []
    found = [inside, "93.184.215.14"] if is_first else ["93.184.215.14", inside]

    def look_up(*_asked: Any, **_kinds: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in found]

    def connect(address: tuple[str, int], **_more: Any) -> socket.socket:
        gone_to.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Unreachable, match="private network"):
        await OutgoingHttp().get("https://both.example/", tenant_id="t")
    assert gone_to == []
