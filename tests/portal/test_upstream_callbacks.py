"""Where a provider sends people back to, and from how many tabs at once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from tenantry.core.clock import MINUTE
from tenantry.directory.identity_providers import (
    warn_of_shared_callbacks,
)
from tenantry.store import Store
from tenantry.store.trail import audit_events
from tests.support.app import BASE_URL
from tests.support.clock import FakeClock
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET
from tests.support.upstream import World, an_upstream


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    async with an_upstream(store) as made:
        yield made


async def test_a_state_is_of_one_browser_and_good_once_and_not_for_long(world: World) -> None:
    _mine, asked = await world.leave()
    world.provider.claims = {"email": world.portal.mia.user_principal_name, "email_verified": True}
    thief = await world.portal.visit(None)
    assert (await thief.open(f"{world.callback}?code=c&state={asked['state']}")).status_code == 403
    other, _asked = await world.leave()
    assert (await other.open(f"{world.callback}?code=c&state={asked['state']}")).status_code == 403
    for bad in ("", "?state=", "?code=c", "?code=c&state=x&state=y"):
        assert (await other.open(f"{world.callback}{bad}")).status_code == 403
    visitor, asked = await world.leave()
    [(name, cookie)] = [pair for pair in visitor.http.cookies.items() if "upstream" in pair[0]]
    path = f"{world.callback}?code=c&state={asked['state']}"
    assert (await visitor.open(path)).status_code == 303
    visitor.http.cookies.clear()
    visitor.http.cookies.set(name, cookie)
    assert (await visitor.open(path)).status_code == 403
    visitor, asked = await world.leave()
    assert isinstance(world.portal.app.deps.clock, FakeClock)
    world.portal.app.deps.clock.advance(10 * MINUTE)
    assert (await visitor.open(f"{world.callback}?code=c&state={asked['state']}")).status_code == 403
    assert await world.users() == [world.portal.mia.id]


async def test_the_address_to_register_is_shown_before_and_stays_that_of_the_provider(world: World) -> None:
    dana = await world.portal.visit(world.portal.dana)
    await dana.open("/identity-providers")
    shown = re.findall(rf"{BASE_URL}(/sign-in/callback/[0-9a-f-]+/[0-9a-f-]+)", dana.page.text)[-1]
    assert shown != world.callback
    await dana.open("/identity-providers")
    assert shown in dana.page.text, "it does not change while the administrator is at the provider"
    typed = {"name": "Okta", "issuer": world.provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    next_id = shown.rpartition("/")[2]
    assert (await dana.send("/identity-providers", provider_id=next_id, **typed)).status_code == 303
    world.provider_id = next_id
    _visitor, answer = await world.come()
    assert answer.status_code == 303
    assert world.provider.asked["redirect_uri"] == BASE_URL + shown
    await dana.open("/identity-providers")
    late = await dana.send("/identity-providers", provider_id=next_id, **typed)
    assert late.status_code == 422
    assert "Another provider was added meanwhile" in dana.text


async def test_a_provider_from_before_keeps_working_and_its_administrator_is_told_what_to_do(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    own, deps = world.callback, world.portal.app.deps
    async with deps.store.write() as tx:
        await tx.run(
            "INSERT INTO shared_callbacks (tenant_id, provider_id) VALUES (:t, :p)",
            t=world.portal.tenant.id,
            p=world.provider_id,
        )
    dana, mia = await world.portal.visit(world.portal.dana), await world.portal.visit(None)
    await dana.open("/")
    assert "Entra, where people sign in, needs a redirect address of its own." in dana.text
    await dana.open("/identity-providers")
    assert "Replace the address of Entra" in dana.text
    await warn_of_shared_callbacks(deps.store, BASE_URL)
    assert BASE_URL + own in capsys.readouterr().out
    asked = world.provider.visit((await mia.open(world.way)).headers["location"])
    assert asked["redirect_uri"] == f"{BASE_URL}/sign-in/callback"
    world.provider.claims = {"email": world.portal.mia.user_principal_name, "email_verified": True}
    assert (await mia.open(f"/sign-in/callback?code=c&state={asked['state']}")).status_code == 303
    path = f"/identity-providers/{world.provider_id}/callback"
    for _twice in range(2):
        await dana.open(path)
        assert BASE_URL + own in dana.text
        assert (await dana.send(path)).status_code == 303
    await dana.open("/")
    assert "needs a redirect address" not in dana.text
    assert (await world.come())[1].status_code == 303
    assert world.provider.asked["redirect_uri"] == BASE_URL + own
    async with deps.store.read() as read:
        trail = await audit_events.list_latest(read, world.portal.tenant.id, 100)
    assert [event.type for event in trail].count("identity_provider.callback_replaced") == 1


async def test_several_tabs_may_be_at_the_provider_at_once_and_the_first_may_be_finished_last(world: World) -> None:
    visitor = await world.portal.visit(None)
    world.provider.claims = {"email": world.portal.mia.user_principal_name, "email_verified": True}
    tabs = [world.provider.visit((await visitor.open(world.way)).headers["location"]) for _ in range(3)]
    for tab in reversed(tabs):
        world.provider.asked = tab
        assert (await visitor.open(f"{world.callback}?code=c&state={tab['state']}")).status_code == 303
        assert (await visitor.open("/sessions")).status_code == 200
    assert not [name for name in visitor.http.cookies if "upstream" in name]


async def test_of_many_tabs_the_oldest_gives_way(world: World) -> None:
    visitor = await world.portal.visit(None)
    world.provider.claims = {"email": world.portal.mia.user_principal_name, "email_verified": True}
    for name in ("tenantry-upstream-", "tenantry-upstream-(x)", "tenantry-upstream-" + "f" * 13):
        visitor.http.cookies.set(name, "of somebody else")
    tabs = [world.provider.visit((await visitor.open(world.way)).headers["location"]) for _ in range(12)]
    assert len([name for name in visitor.http.cookies if "upstream" in name]) == 3 + 8
    for tab, status in ((tabs[3], 403), (tabs[4], 303), (tabs[11], 303)):
        world.provider.asked = tab
        assert (await visitor.open(f"{world.callback}?code=c&state={tab['state']}")).status_code == status
