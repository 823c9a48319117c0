"""Take the pictures in docs/images/: every page of the portal on a demo tenant, light, dark and on a phone.

1. A server with a fresh SQLite database and things to look at runs on a free port.
2. Chromium opens each page; what is typed is what a person would type.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tenantry.access.actions import Permission, RoleId
from tenantry.app import App
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, system_clock
from tenantry.store import Store, migrate, open_store
from tests.support.app import an_app
from tests.support.builders import SomeUser, a_connector, a_grant, a_group, a_relationship, a_tenant, a_user
from tests.support.portal import CHROMIUM, CHROMIUM_ARGS, sign_in
from tests.support.server import a_running_server

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDE, PHONE = {"width": 1200, "height": 760}, {"width": 360, "height": 720}
PAGES = {
    "home": "/",
    "phones": "/phones",
    "connectors": "/connectors?show=all",
    "connector": "/connectors/{connector}",
    "group-connectors": "/groups/{group}/connectors",
    "user-token": "/connectors/{connector}/user-token",
    "rotate": "/connectors/{connector}/secrets/new",
    "users": "/users",
    "user": "/users/{user}",
    "groups": "/groups",
    "group": "/groups/{group}",
    "devices": "/devices",
    "enterprises": "/enterprises",
    "partners": "/partners",
    "reach": "/reach",
    "blast-radius": "/blast-radius/connector/{connector}",
    "audit": "/audit",
    "settings": "/settings",
    "sessions": "/sessions",
    "not-found": "/no-such-page",
}

IN_ALL = {"home", "connectors", "connector", "connector-permissions", "token-created", "delete"}
"""Pages whose picture is also taken in the dark and on a phone."""


async def main() -> None:
    """Overwrite the pictures of pages that are there; say which are not."""
    if CHROMIUM is None:
        sys.exit("Chromium is not installed. On Debian and Ubuntu: apt-get install chromium fonts-dejavu-core")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/tenantry.db"
        migrate.upgrade(url)
        store = await open_store(url)
        apps: list[App] = []

        async def make_app(address: str) -> App:
            apps.append(await an_app(store, clock=system_clock, public_url=address))
            return apps[0]

        async with a_running_server(make_app) as address, async_playwright() as playwright:
            names, administrator = await _furnish(store)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
            cookie = {"name": "tenantry", "value": await sign_in(apps[0], administrator), "url": address}
            await _take_all(browser, address, cookie, names)
            await browser.close()
        await store.close()


async def _furnish(store: Store) -> tuple[dict[str, str], SomeUser]:
    """A small company with a partner: enough on each page to look at."""
    now = system_clock()
    tenant = await a_tenant(store, name="Northwind Traders", domain="northwind.example", now=now)
    partner = await a_tenant(store, name="Fabrikam Services", domain="fabrikam.example", now=now)
    await a_relationship(store, partner, tenant, now=now - 30 * DAY)
    dana = await a_user(store, tenant, name="dana", roles=[RoleId.GLOBAL_ADMINISTRATOR], phone=True, now=now)
    erik, mia = await a_user(store, tenant, name="erik", now=now), await a_user(store, tenant, name="mia", now=now)
    group = await a_group(store, tenant, name="Night shift, Seattle", admins=[erik, dana], members=[mia], now=now)
    await a_group(store, tenant, name="Drivers", admins=[erik], parent_id=group, now=now)
    await a_group(store, tenant, name="Warehouse", admins=[dana], members=[erik, mia], now=now)
    messages = [Permission.GROUP_INFORMATION, Permission.GROUP_MEMBERS, Permission.TEXT_MESSAGES, Permission.MEDIA]
    bot = await a_connector(store, tenant, name="Shift bot", permissions=messages, now=now - 40 * DAY)
    sync = await a_connector(
        store, tenant, name="Payroll sync", permissions=[Permission.GROUP_INFORMATION], now=now - 9 * DAY
    )
    await a_connector(store, tenant, name="Incident relay", permissions=messages[2:], now=now - DAY)
    await a_grant(store, bot, dana, reach=Reach.TENANT, permissions=messages, now=now - 20 * DAY)
    await a_grant(store, bot, erik, permissions=messages, now=now - 3 * DAY)
    await a_grant(store, bot, erik, reach=Reach.GROUP, group_id=group, permissions=messages, now=now - DAY)
    await a_grant(store, sync, erik, permissions=[Permission.GROUP_INFORMATION], now=now - 345 * DAY)
    return {"connector": bot.id, "group": group, "user": erik.id}, dana


async def _take_all(browser: Browser, address: str, cookie: dict[str, Any], names: dict[str, str]) -> None:
    schemes: dict[str, dict[str, Any]] = {"": {}, "-dark": {"color_scheme": "dark"}, "-phone": {"viewport": PHONE}}
    for suffix, options in schemes.items():
        settings: dict[str, Any] = {
            "viewport": WIDE,
            "reduced_motion": "reduce",
            "locale": "en-GB",
            "base_url": address,
        }
        context = await browser.new_context(**{**settings, **options})
        nobody = await browser.new_context(**{**settings, **options})
        await context.add_cookies([cookie])  # type: ignore[list-item]
        page = await context.new_page()
        for name, path in PAGES.items():
            answer = await page.goto(path.format_map(names))
            if answer is not None and (answer.ok or name == "not-found"):
                await _take(page, name + suffix)
            elif not suffix:
                print(f"There is no {path} yet.")
        await _take_story(page, suffix)
        front = await nobody.new_page()
        answer = await front.goto("/sign-in")
        if answer is not None and answer.ok:
            await _take(front, "sign-in" + suffix)
        await context.close()
        await nobody.close()


async def _take_story(page: Page, suffix: str) -> None:
    """The pages that only a form leads to."""
    await page.goto("/phones")
    await page.get_by_role("textbox", name="Phone number").fill("+1 (425) 555-01")
    await page.get_by_role("button", name="Generate PIN").click()
    await _take(page, "phones-error" + suffix)
    await page.goto("/connectors/new")
    await page.get_by_label("Name").fill("Stock watcher")
    await page.get_by_label("Description").fill("Tells the warehouse what runs out.")
    await _take(page, "connector-details" + suffix)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Group Information").check()
    await page.get_by_label("Text Message").check()
    await _take(page, "connector-permissions" + suffix)
    await page.get_by_role("button", name="Create Connector").click()
    await _take(page, "connector-created" + suffix)
    await page.get_by_role("link", name="I have stored it").click()
    await page.get_by_role("link", name="Generate user token").click()
    await page.get_by_role("button", name="Generate user token").click()
    await _take(page, "token-created" + suffix)
    await page.get_by_role("link", name="I have stored it").click()
    await page.get_by_role("link", name="Delete this connector").click()
    await _take(page, "delete" + suffix)
    await page.get_by_role("button", name="Delete this connector").click()


async def _take(page: Page, name: str) -> None:
    """Full pages; in other schemes only those of IN_ALL."""
    page_name, _, scheme = name.rpartition("-")
    if scheme in ("dark", "phone") and page_name not in IN_ALL:
        return
    await page.screenshot(full_page=True, path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
