"""No address that a tenant's administrator types leads into the server's own network, however it is spelled.

The table of addresses, with their neighbours that are public, is tests/unit/core/test_addresses.py.
"""

from __future__ import annotations

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
