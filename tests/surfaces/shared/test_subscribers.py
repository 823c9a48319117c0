"""Limits per client address, where the client has a whole network of addresses (one /64 of IPv6)."""

from __future__ import annotations

from typing import Any

import httpx

from tenantry.app import App
from tenantry.core.ids import new_guid
from tenantry.store.engine.interface import Store
from tenantry.surfaces.portal.sign_in.sign_in import TRIES_PER_NAME_AND_ADDRESS
from tests.support.app import BASE_URL, an_app
from tests.support.portal import Visitor, a_portal, sign_in


def addressed(app: App, host: str, **options: Any) -> httpx.AsyncClient:
    """A client that calls from `2001:db8:HOST`."""
    transport = httpx.ASGITransport(app, client=(f"2001:db8:{host}", 50000))
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL, **options)


async def test_guesses_of_a_password_count_together(store: Store) -> None:
    app = await an_app(store, rate_limits="on")
    name = (await a_portal(app)).mia.user_principal_name
    for number in range(TRIES_PER_NAME_AND_ADDRESS + 1):
        async with addressed(app, f"1:1::{number:x}") as http:
            visitor = Visitor(http)
            await visitor.open("/sign-in")
            answer = await visitor.send("/sign-in", name=name, password="wrong")
            assert ("Too many requests" in visitor.text) == (number == TRIES_PER_NAME_AND_ADDRESS), answer.text
    async with addressed(app, "1:2::1") as http:
        visitor = Visitor(http)
        await visitor.open("/sign-in")
        await visitor.send("/sign-in", name=name, password="wrong")
        assert "Too many requests" not in visitor.text
    await app.close()


async def test_pins_asked_for_count_together(store: Store) -> None:
    app = await an_app(store, rate_limits="on", pins_per_address_per_hour=2)
    portal = await a_portal(app)
    cookies = dict((await portal.visit(portal.mia)).http.cookies)
    assert await sign_in(app, portal.mia)
    for number, status in enumerate((303, 303, 422)):
        async with addressed(app, f"1:1::{number:x}", cookies=cookies) as http:
            visitor = Visitor(http)
            await visitor.open("/phones")
            assert (await visitor.send("/phones", number=f"+1206555019{number}")).status_code == status
    await app.close()


async def test_bad_credentials_of_one_client_count_together(store: Store) -> None:
    app = await an_app(store, rate_limits="on", refusals_per_client_per_minute=2)
    client_id = new_guid()
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": "x"}
    form["resource"] = "https://api.partnercenter.microsoft.com"
    for number, limited in enumerate((False, False, True)):
        async with addressed(app, f"1:1::{number:x}") as http:
            answer = await http.post("/common/oauth2/token", data=form)
            assert (answer.status_code == 429) == limited, answer.text
    async with addressed(app, "1:2::1") as http:
        assert (await http.post("/common/oauth2/token", data=form)).status_code != 429
    await app.close()
