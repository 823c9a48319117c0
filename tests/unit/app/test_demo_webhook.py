"""The demo's webhook delivers to the demo itself, and to nothing else in a private network."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from tenantry.app import App, build
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import TenantId
from tenantry.demo.data import Demo, ensure_demo
from tenantry.demo.history import live
from tenantry.demo.maker import CUSTOMER_DOMAIN
from tenantry.demo.webhooks import ensure_webhook
from tenantry.directory.tenants import resolve_tenant
from tenantry.outbox.handshake import prove
from tenantry.store.engine.interface import Store
from tenantry.store.outbox import webhook_deliveries, webhooks
from tenantry.store.outbox.webhook_deliveries import Delivery
from tenantry.store.outbox.webhooks import Webhook
from tests.support.app import some_settings
from tests.support.server import a_running_server


async def the_webhook(store: Store) -> tuple[Webhook, list[Delivery]]:
    async with store.read() as read:
        tenant_id = await resolve_tenant(read, CUSTOMER_DOMAIN)
        assert tenant_id is not None
        [webhook] = await webhooks.list_of_object(read, tenant_id, "tenant", tenant_id)
        return webhook, await webhook_deliveries.list_latest(read, tenant_id, webhook.id, before="", limit=1000)


async def until_delivered(store: Store) -> list[Delivery]:
    async with asyncio.timeout(20):
        while True:
            _webhook, found = await the_webhook(store)
            if found and all(delivery.delivered_at for delivery in found):
                return found
            await asyncio.sleep(0.01)


async def test_a_new_demo_delivers_its_history_to_itself_and_an_old_one_follows_its_address(
    store: Store, tmp_path: Path
) -> None:
    made: list[tuple[App, Demo]] = []

    async def make_app(address: str) -> App:
        app = await build(some_settings(demo=True, public_url=address, data_dir=tmp_path), store=store)
        made.append((app, await ensure_demo(app.deps)))
        return app

    async with a_running_server(make_app) as first:
        app, demo = made[0]
        assert demo.is_new
        await ensure_webhook(app.deps, demo.facts, is_new=True)
        await live(app.deps, demo.facts, CUSTOMER_DOMAIN)
        await app._sender.walk()
        events = await until_delivered(store)
        assert {event.event_type for event in events} == {"MemberAdded"}
        webhook, _ = await the_webhook(store)
        assert webhook.callback_url == f"{first}/dev/webhook"
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{first}/dev/webhook?validationToken=<b>")).status_code == 400
        with pytest.raises(InvalidValue, match="not https"):
            await prove(app.deps.http, f"{first}/healthz", None, tenant_id=TenantId("t"))

    async with a_running_server(make_app) as second:
        app, demo = made[1]
        assert not demo.is_new
        for _ in range(2):
            await ensure_webhook(app.deps, demo.facts, is_new=False)
        webhook, _ = await the_webhook(store)
        assert webhook.callback_url == f"{second}/dev/webhook" != f"{first}/dev/webhook"
        assert webhook.callback_token is not None
        assert webhook.disabled_at is None


async def test_without_demo_mode_there_is_no_receiver(store: Store) -> None:
    app = await build(some_settings(), store=store)
    assert not [route for route in app.routes() if "dev/" in route.path]
    with pytest.raises(InvalidValue, match="not https"):
        await prove(app.deps.http, f"{app.deps.settings.issuer}/dev/webhook", None, tenant_id=TenantId("t"))
    await app.close()
