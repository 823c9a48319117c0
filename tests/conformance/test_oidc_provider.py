"""Signing in at an OpenID provider of others, the npm package `oidc-provider`, through its own pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tenantry.core.clock import system_clock
from tenantry.directory.identity_providers import (
    NewProvider,
    add_identity_provider,
    callback_of,
    list_providers,
)
from tenantry.store import open_store
from tests.support.app import BASE_URL, an_app
from tests.support.builders import OPERATOR
from tests.support.npm import installed
from tests.support.portal import Portal, Visitor, a_portal

SOURCES = Path(__file__).parent / "oidc_provider"
SECRET = "a-secret-for-tests-only"


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """The provider, installed as its lock file says."""
    return installed(SOURCES)


@asynccontextmanager
async def a_provider(folder: Path, email: str, callback: str) -> AsyncIterator[str]:
    """Its issuer. It sends people back to `callback`."""
    serving = await asyncio.create_subprocess_exec(
        "node",
        "server.mjs",
        email,
        callback,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert serving.stdout is not None
        yield (await serving.stdout.readline()).decode().strip()
    finally:
        serving.kill()
        await serving.wait()


async def log_in(address: str, account: str) -> str:
    """What a person does there; where the browser is sent in the end."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(address)
        for _step in range(12):
            if answer.is_redirect:
                target = str(answer.next_request.url) if answer.next_request else ""
                if target.startswith(BASE_URL):
                    return target
                answer = await browser.get(target)
                continue
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            assert form, answer.text
            prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
            assert prompt
            answer = await browser.post(
                str(answer.url.join(form[1])), data={"prompt": prompt[1], "login": account, "password": "any"}
            )
    raise AssertionError("the provider never sent the browser back")


async def sign_in(portal: Portal, provider_id: str, account: str, demands: str = "") -> Visitor:
    visitor = await portal.visit(None)
    left = await visitor.open(f"/sign-in/at/{portal.tenant.id}/{provider_id}?next=/sessions{demands}")
    back = await log_in(left.headers["location"], account)
    await visitor.open(back.removeprefix(BASE_URL))
    return visitor


async def test_a_user_signs_in_there_and_somebody_else_with_the_same_address_does_not(
    node_modules: Path, sqlite_url: str
) -> None:
    store = await open_store(sqlite_url)
    app = await an_app(store, clock=system_clock, outgoing_private_addresses=True)
    portal = await a_portal(app, now=system_clock())
    async with store.read() as read:
        next_id = (await list_providers(read, OPERATOR, portal.tenant.id, system_clock())).next_id
    callback = callback_of(BASE_URL, portal.tenant.id, next_id)
    async with a_provider(node_modules, portal.mia.user_principal_name, callback) as issuer:
        new = NewProvider(name="Upstream", issuer=issuer, client_id="tenantry", client_secret=SECRET)
        async with store.write() as tx:
            provider_id = await add_identity_provider(
                tx, app.deps.master_key, OPERATOR, portal.tenant.id, new, system_clock()
            )
        for demands in ("", "&max_age=60", "&prompt=login&max_age=0"):
            visitor = await sign_in(portal, provider_id, "account-of-mia", demands)
            assert visitor.page.headers["location"] == "/sessions"
            await visitor.open("/sessions")
            assert portal.mia.user_principal_name in visitor.text
            assert "organisation account" in visitor.text
        stranger = await sign_in(portal, provider_id, "another-account")
        assert stranger.page.status_code == 403
        assert (await stranger.open("/")).status_code == 303
    for http in portal.visitors:
        await http.aclose()
    await app.close()
    await store.close()
