"""The portal in process on each engine or on SQLite only; and on a real server with one real browser for the run."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tenantry.app import App
from tenantry.core.clock import system_clock
from tenantry.store import Store, open_store
from tests.support.app import an_app
from tests.support.portal import CHROMIUM, CHROMIUM_ARGS, LivePortal, Portal, a_portal
from tests.support.server import a_running_server


@pytest.fixture
async def portal(store: Store) -> AsyncIterator[Portal]:
    """On each engine."""
    app = await an_app(store)
    made = await a_portal(app)
    yield made
    for http in made.visitors:
        await http.aclose()
    await app.close()


@pytest.fixture
async def sqlite_portal(sqlite_url: str) -> AsyncIterator[Portal]:
    """For what does not depend on the engine."""
    store = await open_store(sqlite_url)
    app = await an_app(store)
    made = await a_portal(app)
    yield made
    for http in made.visitors:
        await http.aclose()
    await app.close()
    await store.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for the run. Its tests run in the run's own event loop: mark them with `IN_BROWSER`."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed, so the pages are not tried in a browser.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def live(chromium: Browser, sqlite_url: str) -> AsyncIterator[LivePortal]:
    """A server on a free port with a fresh database, and the browser."""
    store = await open_store(sqlite_url)
    apps: list[App] = []

    async def make_app(address: str) -> App:
        apps.append(await an_app(store, clock=system_clock, public_url=address))
        return apps[0]

    async with a_running_server(make_app) as address:
        made = LivePortal(await a_portal(apps[0], now=system_clock()), address, chromium)
        yield made
        for context in made.contexts:
            await context.close()
    await store.close()
