"""The whole application on a test's store, and a client that calls it in process."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from tenantry.app import App, build
from tenantry.core.clock import Clock
from tenantry.core.dns import DnsFailed
from tenantry.settings import Settings
from tenantry.store.engine.interface import Store
from tests.support.clock import FakeClock
from tests.support.wire import WireTransport

BASE_URL = "http://tenantry.test"
MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


class RecordingMessages:
    """Keeps what would have been sent: (number, text), oldest first."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def send(self, number: str, text: str, *, tenant_id: str) -> None:
        self.sent.append((number, text))


class FakeDns:
    """TXT records by name: `records["contoso.example"] = ["..."]`. A name whose records are None gives no answer."""

    def __init__(self) -> None:
        self.records: dict[str, list[str] | None] = {}
        self.asked: list[str] = []

    async def find(self, name: str, *, tenant_id: str) -> list[str]:
        self.asked.append(name)
        found = self.records.get(name, [])
        if found is None:
            raise DnsFailed("Timeout")
        return found


def some_settings(**values: Any) -> Settings:
    """Settings of no directory, with a key of their own; rate limits are off unless asked for."""
    defaults: dict[str, Any] = {
        "data_dir": "/nonexistent",
        "public_url": BASE_URL,
        "master_key": MASTER_KEY,
        "rate_limits": "off",
    }
    return Settings(**{**defaults, **values})


async def an_app(
    store: Store, *, clock: Clock | None = None, messages: RecordingMessages | None = None, **settings: Any
) -> App:
    """An application whose clock stands at noon: `app.deps.clock`; messages are recorded: `.messages`."""
    return await build(
        some_settings(**settings),
        store=store,
        clock=clock or FakeClock(),
        messages=messages or RecordingMessages(),
        dns=FakeDns(),
    )


def client_for(app: App, **options: Any) -> httpx.AsyncClient:
    """Calls `app` in process, by the server's own HTTP protocol. `options` go to httpx.AsyncClient."""
    return httpx.AsyncClient(transport=WireTransport(app), base_url=BASE_URL, **options)
