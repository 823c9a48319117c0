"""From asking to approving, in a real browser, on a wide and on a narrow screen."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.support.portal import IN_BROWSER, LivePortal

pytestmark = IN_BROWSER


async def _is_too_wide(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("width", [1280, 360])
async def test_a_member_asks_and_an_administrator_approves(live: LivePortal, width: int) -> None:
    screen = {"width": width, "height": 800}
    erik = await live.browse(live.portal.erik, viewport=screen)
    await erik.goto("/connectors/new")
    await erik.get_by_label("Name").fill("Shift bot")
    await erik.get_by_role("button", name="Continue").click()
    await erik.get_by_label("Group Information").check()
    await erik.get_by_label("Partner Center").check()
    assert not await _is_too_wide(erik)
    await erik.get_by_role("button", name="Create Connector").click()
    await expect(erik.get_by_text("Partner Center: waits for an administrator.")).to_be_visible()
    await erik.get_by_role("link", name="I have stored it").click()
    await expect(erik.get_by_role("heading", name="Waits for an administrator")).to_be_visible()
    assert not await _is_too_wide(erik)

    dana = await live.browse(live.portal.dana, viewport=screen)
    await dana.goto("/")
    await dana.get_by_role("link", name=re.compile("^Approve or decline.*Shift bot")).click()
    await dana.get_by_role("button", name="Approve what is ticked").click()
    await expect(dana.get_by_text("Choose at least one permission.")).to_be_visible()
    await dana.get_by_label("Partner Center").check()
    assert not await _is_too_wide(dana)
    await dana.get_by_role("button", name="Approve what is ticked").click()
    await expect(dana.get_by_role("heading", name="Permissions", exact=True)).to_be_visible()
    await expect(dana.get_by_role("heading", name="Waits for an administrator")).to_be_hidden()
    await erik.reload()
    await expect(erik.get_by_role("heading", name="Waits for an administrator")).to_be_hidden()
    assert live.complaints == []
