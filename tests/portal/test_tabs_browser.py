"""Two tabs of a partner's user in a real browser: each says when the other went to another tenant."""

from __future__ import annotations

from playwright.async_api import Page

from tenantry.access.actions import RoleId
from tests.support.builders import SomeTenant, a_relationship, a_tenant, a_user
from tests.support.portal import IN_BROWSER, LivePortal

pytestmark = IN_BROWSER


async def act_in(page: Page, customer: SomeTenant) -> None:
    await page.goto(f"/customers/{customer.id}/act")
    await page.click("main form button")
    await page.wait_for_url("**/users")


async def test_a_tab_says_that_another_went_elsewhere_and_what_it_shows_instead_of_before(live: LivePortal) -> None:
    portal, store, now = live.portal, live.portal.app.deps.store, live.portal.app.deps.clock()
    partner, other = await a_tenant(store, name="Fabrikam", now=now), await a_tenant(store, name="Adatum", now=now)
    pat = await a_user(store, partner, roles=[RoleId.GLOBAL_ADMINISTRATOR], now=now)
    for customer in (portal.tenant, other):
        await a_relationship(store, partner, customer, now=now)
    first = await live.browse(pat)
    await act_in(first, portal.tenant)
    second = await first.context.new_page()
    await act_in(second, other)
    moved = "#moved span:not([hidden])"
    assert "You went to Adatum in another tab" in await first.inner_text(moved)
    assert await second.locator("#moved").is_hidden()  # whoever asked for it need not be told
    await first.goto("/users")
    assert "This tab showed Northwind before. It now shows Adatum." in await first.inner_text(moved)
    await second.goto("/customers/leave")
    await second.click("main form button")
    await second.wait_for_url("**/customers")
    await first.fill("input[type=search]", "m")  # the part of a page is asked for, and the whole comes instead
    await first.wait_for_selector("#moved span:not([hidden]) >> text=It now shows Fabrikam.")
    assert await first.inner_text(".brand") == "Fabrikam"
    assert not live.complaints
