"""The portal in process on each engine or on SQLite only, and one real browser for the run."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tenantry.store.engine import Store
from tenantry.store.opening import open_store
from tests.support.app import an_app
from tests.support.portal import CHROMIUM, CHROMIUM_ARGS, Portal, a_portal


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
    """One browser for the run."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed, so the pages are not tried in a browser.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        await browser.close()
