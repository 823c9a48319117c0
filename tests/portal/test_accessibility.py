"""No page has a serious accessibility fault that axe finds; none weighs more than it may."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page

from tenantry.access.actions import PUBLIC
from tenantry.core.clock import system_clock
from tests.support.portal import AXE, IN_BROWSER, LivePortal
from tests.support.portal_names import names_in

pytestmark = IN_BROWSER

HEAVIEST = 150_000
NO_PAGES = {"/static/{digest}/{name}"}


EVERYTHING: dict[str, Any] = {"resultTypes": ["violations"]}
WHAT_COLOURS_CHANGE: dict[str, Any] = {**EVERYTHING, "runOnly": ["color-contrast", "link-in-text-block"]}


async def faults(page: Page, options: dict[str, Any] = EVERYTHING) -> list[str]:
    """What axe calls serious or critical, with the element."""
    result: dict[str, Any] = await page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{fault['id']}: {fault['nodes'][0]['html'][:120]}"
        for fault in result["violations"]
        if fault["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("scheme", "options"), [("light", EVERYTHING), ("dark", WHAT_COLOURS_CHANGE)])
async def test_every_page_is_accessible_and_light(
    live: LivePortal, scheme: Any, options: dict[str, Any], subtests: Any
) -> None:
    names = await names_in(live.portal, now=system_clock())
    signed_in = await live.browse(live.portal.dana, color_scheme=scheme, bypass_csp=True)
    nobody = await live.browse(None, color_scheme=scheme, bypass_csp=True)
    for page in (signed_in, nobody):
        await page.add_init_script(path=AXE)
    shown = [
        route
        for route in live.portal.app.routes()
        if route.endpoint.__module__.startswith("tenantry.surfaces.portal.") and route.method == "GET"
    ]
    for route in shown:
        if route.path in NO_PAGES:
            continue
        page = nobody if route.action in PUBLIC else signed_in
        with subtests.test(msg=route.path):
            path = route.path.format_map(names)
            answer = await page.request.get(path)
            assert answer.status < 500
            if "text/html" not in answer.headers["content-type"]:
                continue  # a download
            await page.goto(path)
            assert await faults(page, options) == []
            assert await _weight(page) < HEAVIEST


async def test_the_pages_after_a_form_are_accessible_too(live: LivePortal) -> None:
    page = await live.browse(live.portal.dana, bypass_csp=True)
    await page.add_init_script(path=AXE)
    await page.goto("/phones")
    await page.get_by_role("textbox", name="Phone number").fill("12")
    await page.get_by_role("button", name="Generate PIN").click()
    assert await faults(page) == []
    await page.goto("/phones/verify?number=%2B14255550191")
    assert await page.get_by_label("PIN").is_visible()
    assert await faults(page) == []
    await page.goto("/connectors/new")
    await page.get_by_label("Name").fill("Bot")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("button", name="Create Connector").click()
    assert await faults(page) == []
    await page.get_by_label("Media").check()
    await page.get_by_role("button", name="Create Connector").click()
    assert await faults(page) == []
    await page.get_by_role("link", name="I have stored it").click()
    await page.get_by_role("link", name="Generate user token").click()
    await page.get_by_role("button", name="Generate user token").click()
    assert await faults(page) == []


async def _weight(page: Page) -> int:
    """Bytes of the page and all that it loads, unpacked."""
    found: int = await page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".reduce((sum, entry) => sum + entry.decodedBodySize, 0)"
    )
    return found
