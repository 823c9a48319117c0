"""The portal as people see it: somebody with a browser, and a tenant to look at."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import httpx

from tenantry.access.actions import RoleId
from tenantry.app import App
from tenantry.core.clock import DAY
from tenantry.core.ids import GroupId
from tenantry.directory.sessions import start_session
from tenantry.surfaces.portal.guard import cookie_name
from tests.support.app import client_for
from tests.support.builders import SomeTenant, SomeUser, a_group, a_tenant, a_user, as_user

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
            tenant_id=user.tenant_id,
            user_id=user.id,
            amr=amr or ("pwd", "mfa"),
            browser="test",
            lifetime=DAY,
            now=app.deps.clock(),
        )
    return session.secret


@dataclass
class Visitor:
    """Somebody with a browser: opens pages and sends the forms on them, with what is hidden in them."""

    http: httpx.AsyncClient
    page: httpx.Response = field(init=False)

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
    """A tenant with an administrator (dana), a group's admin (erik) and a member (mia); another tenant with otto."""

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


async def a_portal(app: App) -> Portal:
    store = app.deps.store
    tenant, other = await a_tenant(store, name="Northwind"), await a_tenant(store, name="Elsewhere")
    dana = await a_user(store, tenant, roles=[RoleId.GLOBAL_ADMINISTRATOR])
    erik, mia, otto = await a_user(store, tenant), await a_user(store, tenant), await a_user(store, other)
    group = await a_group(store, tenant, name="Night shift", admins=[erik], members=[mia])
    below = await a_group(store, tenant, name="Night drivers", admins=[erik], parent_id=group)
    await a_group(store, tenant, name="Day shift", admins=[dana])
    return Portal(app, tenant, dana, erik, mia, otto, group, below)
