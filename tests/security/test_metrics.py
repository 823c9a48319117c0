"""What the server counts is for who runs it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tenantry.store import open_store
from tests.support.app import an_app


@pytest.mark.parametrize(
    ("peer", "headers", "settings", "status"),
    [
        ("127.0.0.1", {}, {}, 200),
        ("127.0.0.1", {"host": "127.0.0.1:8080"}, {}, 200),
        ("::1", {"host": "[::1]:8080"}, {}, 200),
        ("::ffff:127.0.0.1", {}, {}, 200),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, {}, 404),
        ("127.0.0.1", {"forwarded": "for=127.0.0.1"}, {}, 404),
        *[("127.0.0.1", {name: "192.0.2.1"}, {}, 404) for name in ("x-real-ip", "via", "x-forwarded-host")],
        ("127.0.0.1", {"host": "id.example"}, {}, 404),
        ("192.0.2.1", {}, {}, 404),
        ("192.0.2.1", {"x-forwarded-for": "127.0.0.1"}, {"trusted_proxies": ["192.0.2.9"]}, 404),
        ("", {}, {}, 404),
        ("fe80::1%eth0", {}, {}, 404),
        ("10.0.0.5", {"host": "id.example"}, {"metrics_from": ["10.0.0.5/32"]}, 200),
        ("10.0.0.6", {"host": "id.example"}, {"metrics_from": ["10.0.0.5/32"]}, 404),
        ("10.0.0.5", {"x-forwarded-for": "192.0.2.1"}, {"metrics_from": ["10.0.0.5/32"]}, 404),
        ("127.0.0.1", {"x-forwarded-for": "10.0.0.5"}, {"metrics_from": ["10.0.0.5/32"]}, 404),
    ],
)
async def test_no_stranger_and_nobody_behind_a_proxy_of_this_machine_reads_the_metrics(
    sqlite_url: str, peer: str, headers: dict[str, str], settings: dict[str, Any], status: int
) -> None:
    store = await open_store(sqlite_url)
    app = await an_app(store, **settings)
    transport = httpx.ASGITransport(app, client=(peer, 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/metrics", headers=headers)).status_code == status
        assert (await client.head("/metrics", headers=headers)).status_code == status
    await app.close()
    await store.close()
