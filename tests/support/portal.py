"""The portal as people see it: somebody with a browser, and a tenant to look at."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

from tenantry.access.actions import RoleId
from tenantry.app import App
from tenantry.core.clock import DAY, Micros
from tenantry.core.ids import GroupId
from tenantry.directory.sessions import SessionTerms, start_session
from tenantry.surfaces.portal.frame.guard import cookie_name
from tests.support.app import BASE_URL, client_for
from tests.support.builders import SomeTenant, SomeUser, a_group, a_tenant, a_user, as_user
from tests.support.clock import NOON

IN_BROWSER = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
CHROMIUM = shutil.which("chromium")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


async def sign_in(app: App, user: SomeUser, *amr: str) -> str:
    """The cookie's value of a new session."""
    async with app.deps.store.write() as tx:
        session = await start_session(
            tx,
            app.deps.hasher,
            as_user(user),
            terms=SessionTerms(
                tenant_id=user.tenant_id, user_id=user.id, amr=amr or ("pwd", "mfa"), browser="test", lifetime=DAY
            ),
            now=app.deps.clock(),
        )
    return session.secret


@dataclass
class Visitor:
    """Somebody with a browser: opens pages and sends the forms on them, with what is hidden in them."""

    http: httpx.AsyncClient
    page: httpx.Response = field(init=False)

    async def follow(self, address: str) -> httpx.Response:
        """Where a provider's address leads the browser: through every provider, back to the first page of ours."""
        async with httpx.AsyncClient() as elsewhere:
            while not address.startswith(BASE_URL):
                address = (await elsewhere.get(address)).headers["location"]
        return await self.open(address.removeprefix(BASE_URL))

    async def open(self, path: str) -> httpx.Response:
        self.page = await self.http.get(path)
        return self.page

    async def send(self, path: str, **typed: str | list[str]) -> httpx.Response:
        """Send the form of the page that is open, as a browser would; open it first when another page is."""
        hidden = {name: unescape(value) for name, value in _FIELD.findall(self.page.text)}
        kept = {name: hidden[name] for name in ("form_token", "form_id") if name in hidden}
        self.page = await self.http.post(path, data={**kept, **typed})
        return self.page

    @property
    def text(self) -> str:
        """The page as read, without tags."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.page.text)).split())


@dataclass
class Portal:
    """A tenant with an administrator (dana), a group's admin (erik), a member (mia); another's administrator (otto)."""

    app: App
    tenant: SomeTenant
    dana: SomeUser
    erik: SomeUser
    mia: SomeUser
    otto: SomeUser
    group: GroupId
    below: GroupId
    visitors: list[httpx.AsyncClient] = field(default_factory=list)

    async def visit(self, user: SomeUser | None, *amr: str) -> Visitor:
        """A browser in which the user is signed in."""
        http = client_for(self.app)
        if user is not None:
            http.cookies.set(cookie_name(self.app.deps.settings), await sign_in(self.app, user, *amr))
        self.visitors.append(http)
        return Visitor(http)


async def a_portal(app: App, *, now: Micros = NOON) -> Portal:
    store = app.deps.store
    tenant, other = await a_tenant(store, name="Northwind", now=now), await a_tenant(store, name="Elsewhere", now=now)
    dana = await a_user(store, tenant, name="dana", roles=[RoleId.GLOBAL_ADMINISTRATOR], now=now)
    erik, mia = await a_user(store, tenant, name="erik", now=now), await a_user(store, tenant, name="mia", now=now)
    otto = await a_user(store, other, name="otto", roles=[RoleId.GLOBAL_ADMINISTRATOR], now=now)
    group = await a_group(store, tenant, name="Night shift", admins=[erik], members=[mia], now=now)
    below = await a_group(store, tenant, name="Night drivers", admins=[erik], parent_id=group, now=now)
    await a_group(store, tenant, name="Day shift", admins=[dana], now=now)
    return Portal(app, tenant, dana, erik, mia, otto, group, below)


@dataclass
class LivePortal:
    """A portal on a real server, for a real browser."""

    portal: Portal
    address: str
    chromium: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    async def browse(self, user: SomeUser | None, **options: Any) -> Page:
        """A page of a fresh profile in which the user is signed in. What the page's console calls an error fails it."""
        options = {"reduced_motion": "reduce", "base_url": self.address, **options}
        context = await self.chromium.new_context(**options)
        self.contexts.append(context)
        if user is not None:
            app = self.portal.app
            name, value = cookie_name(app.deps.settings), await sign_in(app, user)
            await context.add_cookies([{"name": name, "value": value, "url": self.address}])
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        return page

    complaints: list[str] = field(default_factory=list)
    """What went wrong in pages: errors of scripts, and what the policy forbade."""

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "the server responded with a status of" not in message.text:
            self.complaints.append(message.text)
