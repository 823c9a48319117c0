"""Groups in a real browser: somebody follows an invite link, signs in on the way, and is in."""

from __future__ import annotations

from playwright.async_api import expect

from tenantry.core.clock import system_clock
from tests.portal.test_accessibility import faults
from tests.support.builders import PASSWORD, a_group, a_user
from tests.support.portal import AXE, IN_BROWSER, LivePortal

pytestmark = IN_BROWSER


async def test_from_an_invite_link_through_the_sign_in_into_the_group(live: LivePortal) -> None:
    now = system_clock()
    nora = await a_user(live.portal.app.deps.store, live.portal.tenant, name="nora", now=now)
    erik = await live.browse(live.portal.erik)
    await erik.goto(f"/groups/{live.portal.group}")
    await erik.get_by_role("link", name="Invite links").click()
    await erik.get_by_role("button", name="Generate invite link").click()
    link = await erik.get_by_role("button", name="Copy the invite link").get_attribute("data-copy")
    assert link is not None

    page = await live.browse(None, bypass_csp=True)
    await page.add_init_script(path=AXE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer', '')}"))
    await page.goto(link)
    await page.get_by_label("User name").fill(nora.user_principal_name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("heading", name="Join Night shift")).to_be_visible()
    assert await faults(page) == []
    await page.get_by_role("button", name="Join the group").click()
    await expect(page.get_by_role("heading", name="Night shift")).to_be_visible()
    await expect(page.get_by_text("Nora").first).to_be_visible()
    assert [line for line in asked if "tny_gi_" in line] == [f"{link} "]
    assert live.complaints == []


async def test_the_search_for_a_sub_group_answers_as_one_types(live: LivePortal) -> None:
    store, now = live.portal.app.deps.store, system_clock()
    for name in ("Loaders", "Lorry drivers"):
        await a_group(store, live.portal.tenant, name=name, admins=[live.portal.erik], now=now)
    page = await live.browse(live.portal.erik)
    await page.goto(f"/groups/{live.portal.group}")
    await page.get_by_role("link", name="Add sub-group").click()
    await page.get_by_role("link", name="An existing group").click()
    await page.get_by_role("searchbox").press_sequentially("lor")
    await expect(page.get_by_text("Loaders")).to_be_hidden()
    await page.get_by_label("Lorry drivers").check()
    await page.get_by_role("button", name="Add sub-group").click()
    await expect(page.get_by_role("link", name="Lorry drivers", exact=True)).to_be_visible()
    assert live.complaints == []
