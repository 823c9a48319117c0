"""Take the pictures in docs/images/: every page of the portal on a small company, some in the dark and on a phone.

1. A server with a fresh SQLite database and things to look at runs on a free port.
2. Chromium opens the pages of PAGES; what is typed on the way to others is what a person would type.
3. Then every other page that has a route, on one thing of each kind. So a new page needs no line here.

`python -m tools.screenshots DIRECTORY` writes them there.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Mapping
from math import pi, sin
from pathlib import Path
from typing import Any

import msgspec
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tenantry.access.actions import PUBLIC, Permission, RoleId
from tenantry.app import App
from tenantry.audit.events import AccessTokenIssued, Event, SessionStarted, SignInRefused, TokenRefused
from tenantry.audit.record import record
from tenantry.core.caller import CallerKind, Reach
from tenantry.core.clock import DAY, HOUR, Micros, system_clock
from tenantry.core.ids import ConnectorId, TenantId, UserId, new_guid
from tenantry.directory.group_deletion import delete_group
from tenantry.store import Store, open_store
from tenantry.store.engine import migrate
from tenantry.store.sign_in import second_factors
from tests.support.app import an_app
from tests.support.builders import (
    OPERATOR,
    PASSWORD,
    SomeUser,
    a_connector,
    a_grant,
    a_group,
    a_relationship,
    a_tenant,
    a_user,
    a_webhook,
)
from tests.support.portal import CHROMIUM, CHROMIUM_ARGS, Portal, sign_in
from tests.support.portal_names import names_in
from tests.support.server import a_running_server
from tools.small_png import with_few_colours

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDE, PHONE = ViewportSize(width=1080, height=700), ViewportSize(width=360, height=720)
TALLEST = 1500
"""How many pixels of a page are taken: what is below on a long page is more of the same."""
PAGES = {
    "home": "/",
    "phones": "/phones",
    "phones-verify": "/phones/verify?number=%2B14255550191",
    "connectors": "/connectors?show=all",
    "connector": "/connectors/{connector_id}",
    "group-connectors": "/groups/{group_id}/connectors",
    "user-token": "/connectors/{connector_id}/user-token",
    "rotate": "/connectors/{connector_id}/secrets/new",
    "users": "/users",
    "user": "/users/{user_id}",
    "groups": "/groups",
    "group": "/groups/{group_id}",
    "devices": "/devices",
    "enterprises": "/enterprises",
    "partners": "/partners",
    "reach": "/reach",
    "blast-radius": "/blast-radius/connector/{connector_id}",
    "audit": "/audit",
    "settings": "/settings",
    "sessions": "/sessions",
    "webhooks": "/webhooks",
    "webhook": "/webhooks/{webhook_id}",
    "groups-deleted": "/groups/deleted",
    "consent": "/common/oauth2/v2.0/authorize?response_type=code&client_id={app_id}&redirect_uri={redirect_uri}",
    "not-found": "/no-such-page",
}

IN_ALL = {"home", "connectors", "connector", "connector-permissions", "token-created", "delete"}
"""Pages whose picture is also taken in the dark and on a phone."""
WIDER = {"reach": 1600}
"""Pages that need a wider window, by its width: an ordinary one shows their drawing in part only."""


class Photographer:
    """Takes pictures into a folder. It has three pages of a browser: one is signed in, one is not, and one counts
    colours.
    """

    def __init__(self, folder: Path, suffix: str, signed_in: Page, nobody: Page, empty: Page) -> None:
        self.folder, self.suffix = folder, suffix
        self.signed_in, self.nobody, self._empty = signed_in, nobody, empty

    async def take(self, page: Page, name: str) -> None:
        """Take the full page, and those of IN_ALL also in the dark and on a phone."""
        if self.suffix and name not in IN_ALL:
            return
        picture = await with_few_colours(self._empty, await self._photograph(page))
        self.write(name, picture)

    def write(self, name: str, picture: bytes) -> None:
        """Write the picture to the file of its name."""
        (self.folder / f"{name}{self.suffix}.png").write_bytes(picture)

    async def _photograph(self, page: Page) -> bytes:
        size = page.viewport_size or PHONE
        height = min(await page.evaluate("document.documentElement.scrollHeight"), TALLEST)
        return await page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": size["width"], "height": height})

    async def open(self, page: Page, path: str, name: str, *, status: int = 200) -> bool:
        """Open a path and take its picture. Answers False when it is no page: a download, or a way to another page."""
        answer = await page.request.get(path, max_redirects=0)
        if answer.status != status or not answer.headers.get("content-type", "").startswith("text/html"):
            return False
        if name in WIDER and not self.suffix:
            await page.set_viewport_size(ViewportSize(width=WIDER[name], height=WIDE["height"]))
        await page.goto(path)
        await self.take(page, name)
        if name in WIDER and not self.suffix:
            await page.set_viewport_size(WIDE)
        return True


async def main(folder: Path) -> None:
    """Overwrite the pictures of all pages that there are, and say which of PAGES are not there."""
    if CHROMIUM is None:
        sys.exit("Chromium is not installed. On Debian and Ubuntu: apt-get install chromium fonts-dejavu-core")
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/tenantry.db"
        migrate.upgrade(url)
        store = await open_store(url)
        apps: list[App] = []

        async def make_app(address: str) -> App:
            apps.append(await an_app(store, clock=system_clock, public_url=address))
            return apps[0]

        async with a_running_server(make_app) as address, async_playwright() as playwright:
            portal, names = await _furnish(apps[0], store)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
            cookie = {"name": "tenantry", "value": await sign_in(apps[0], portal.dana), "url": address}
            await _take_all(browser, address, cookie, portal, names, folder)
            await browser.close()
        await store.close()


async def _furnish(app: App, store: Store) -> tuple[Portal, dict[str, str]]:
    """Make a small company with a partner, so that each page has enough to look at."""
    now = system_clock()
    tenant = await a_tenant(store, name="Northwind Traders", domain="northwind.example", now=now)
    partner = await a_tenant(store, name="Fabrikam Services", domain="fabrikam.example", now=now)
    await a_relationship(store, partner, tenant, now=now - 30 * DAY)
    dana = await a_user(store, tenant, name="dana", roles=[RoleId.GLOBAL_ADMINISTRATOR], phone=True, now=now)
    erik, mia = await a_user(store, tenant, name="erik", now=now), await a_user(store, tenant, name="mia", now=now)
    group = await a_group(store, tenant, name="Night shift, Seattle", admins=[erik, dana], members=[mia], now=now)
    below = await a_group(store, tenant, name="Drivers", admins=[erik], parent_id=group, now=now)
    await a_group(store, tenant, name="Warehouse", admins=[dana], members=[erik, mia], now=now)
    await a_group(store, tenant, name="Notices", admins=[dana], subscribers=[mia], now=now)
    closed = await a_group(store, tenant, name="Summer crew", admins=[dana], members=[mia], now=now)
    async with store.write() as tx:
        await delete_group(tx, OPERATOR, tenant.id, closed, now)
    webhook = await a_webhook(store, tenant, group, "https://rota.northwind.example/events", now=now)
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
    otto = await a_user(store, partner, name="otto", roles=[RoleId.GLOBAL_ADMINISTRATOR], now=now)
    back = "https://rota.northwind.example/signed-in"
    rota = await a_connector(store, tenant, name="Rota", permissions=messages[:2], redirect_uris=[back], now=now - DAY)
    async with store.write() as tx:
        await second_factors.put_totp(tx, tenant.id, mia.id, secret=b"only for the picture", now=now)
        await second_factors.confirm_totp(tx, tenant.id, mia.id, secret=b"only for the picture", step=0, now=now)
    await _traffic(store, tenant.id, bot.id, dana.id, now)
    names = {
        "app_id": rota.id,
        "redirect_uri": back,
        "connector_id": bot.id,
        "group_id": group,
        "user_id": erik.id,
        "webhook_id": webhook,
    }
    return Portal(app, tenant, dana, erik, mia, otto, group, below), names


async def _traffic(store: Store, tenant_id: TenantId, connector_id: ConnectorId, user_id: UserId, now: Micros) -> None:
    """Write a day of a shift bot into the trail: more tokens by day than by night, now and then a refused sign-in."""
    for hour in range(24):
        at = now - (23 - hour) * HOUR
        caller = msgspec.structs.replace(OPERATOR, kind=CallerKind.USER, user_id=user_id, connector_id=connector_id)
        daylight = round(8 + 7 * sin(hour / 24 * 2 * pi))
        events: list[Event] = [AccessTokenIssued(jti="", audience="kaizala", expires_at=at)] * (4 * daylight)
        events += [TokenRefused(reason="expired", audience="kaizala")] * (hour % 5 == 2)
        events += [SessionStarted(session_id=new_guid(), user_id=user_id, amr=["pwd", "otp"])] * (daylight // 3)
        events += [SignInRefused(user_principal_name="erik@northwind.example", reason="password")] * (hour % 7 == 3)
        async with store.write() as tx:
            for event in events:
                await record(tx, tenant_id, caller, event, at)


async def _take_all(
    browser: Browser,
    address: str,
    cookie: dict[str, Any],
    portal: Portal,
    names: Mapping[str, str],
    folder: Path,
) -> None:
    schemes: dict[str, dict[str, Any]] = {"-dark": {"color_scheme": "dark"}, "-phone": {"viewport": PHONE}, "": {}}
    empty = await browser.new_page()
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
        camera = Photographer(folder, suffix, await context.new_page(), await nobody.new_page(), empty)
        for name, path in PAGES.items():
            status = 404 if name == "not-found" else 200
            if not await camera.open(camera.signed_in, path.format_map(names), name, status=status):
                print(f"There is no {path}.")
        await _take_story(camera)
        await _take_sign_in(camera, portal.mia)
        if not suffix:
            await _take_rest(camera, portal)
        await context.close()
        await nobody.close()


async def _take_rest(camera: Photographer, portal: Portal) -> None:
    """Take all other pages. Each is named by the path of its route: `/groups/{group_id}/edit` is `groups-one-edit`."""
    names = await names_in(portal, now=system_clock())
    await camera.signed_in.goto(f"/join/{names['invitation']}")
    await camera.take(camera.signed_in, "join")
    taken = {path.partition("?")[0] for path in PAGES.values()} | {"/join", "/join/{invitation}"}
    for route in portal.app.routes():
        is_page = route.method == "GET" and route.endpoint.__module__.startswith("tenantry.surfaces.portal.")
        if not is_page or route.path in taken:
            continue
        page = camera.nobody if route.action in PUBLIC else camera.signed_in
        name = re.sub(r"\{[^}]+\}", "one", route.path).strip("/").replace("/", "-").replace(".", "-")
        await camera.open(page, route.path.format_map(_Names(names)), name)


class _Names(dict[str, str]):
    """Names to fill into paths. A path that needs another one, such as a file of static/, is no page."""

    def __missing__(self, key: str) -> str:
        return "none"


async def _take_story(camera: Photographer) -> None:
    """Take the pages that only a form leads to."""
    page = camera.signed_in
    await page.goto("/phones")
    await page.get_by_role("textbox", name="Phone number").fill("+1 (425) 555-01")
    await page.get_by_role("button", name="Generate PIN").click()
    await camera.take(page, "phones-error")
    await page.goto("/connectors/new")
    await page.get_by_label("Name").fill("Stock watcher")
    await page.get_by_label("Description").fill("Tells the warehouse what runs out.")
    await camera.take(page, "connector-details")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Group Information").check()
    await page.get_by_label("Text Message").check()
    await camera.take(page, "connector-permissions")
    await page.get_by_role("button", name="Create Connector").click()
    await camera.take(page, "connector-created")
    await page.get_by_role("link", name="I have stored it").click()
    await page.get_by_role("link", name="Generate user token").click()
    await page.get_by_role("button", name="Generate user token").click()
    await camera.take(page, "token-created")
    await page.get_by_role("link", name="I have stored it").click()
    await page.get_by_role("link", name="Delete this connector").click()
    await camera.take(page, "delete")
    await page.get_by_role("button", name="Delete this connector").click()


async def _take_sign_in(camera: Photographer, user: SomeUser) -> None:
    """Take the page between the password and the second factor."""
    page = camera.nobody
    await page.goto("/sign-in")
    await page.locator("input[type=email], input[autocomplete=username]").first.fill(user.user_principal_name)
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.locator("main form button").first.click()
    await page.wait_for_url("**/second-factor*")
    await camera.take(page, "second-factor")


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    chosen.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(chosen))
