"""The demo's inbox page: there in demo mode, absent otherwise."""

from __future__ import annotations

import re

from tenantry.app import build
from tenantry.core.clock import to_iso
from tenantry.store.engine.interface import Store
from tests.support.app import client_for, some_settings
from tests.support.builders import a_connector, a_tenant, a_user
from tests.support.clock import FakeClock
from tests.support.kaizala import World


async def test_the_inbox_shows_what_would_have_been_sent(store: Store) -> None:
    clock = FakeClock()
    app = await build(some_settings(demo=True, demo_on_any_address=True), store=store, clock=clock)
    tenant = await a_tenant(store)
    user, connector = await a_user(store, tenant, phone=True), await a_connector(store, tenant)
    async with client_for(app) as client:
        empty = await client.get("/dev/inbox", headers={"accept": "text/html,*/*"})
        assert "Nothing was sent yet" in empty.text
        await client.post(
            "/kaizala/v1/generatePin", json={"mobileNumber": user.phone_number, "applicationId": connector.id}
        )
        (message,) = (await client.get("/dev/inbox")).json()["messages"]
        assert (message["to"], message["sentAt"]) == (user.phone_number, to_iso(clock()))
        assert re.match(r"[1-9]\d{5} is your PIN", message["text"])
        await app.deps.messages.send("+12065557777", "<script>alert(1)</script>", tenant_id="t")
        page = await client.get("/dev/inbox", headers={"accept": "text/html"})
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert message["text"] in page.text
        assert "<script>" not in page.text
    await app.close()


async def test_without_demo_mode_there_is_no_inbox(world: World) -> None:
    assert (await world.client.get("/dev/inbox")).status_code == 404
    assert not [route for route in world.app.routes() if "inbox" in route.path]
