"""What several of these tests look at."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tenantry.store.engine import Store
from tests.support.app import an_app
from tests.support.portal import Portal, a_portal


@pytest.fixture
async def portal(store: Store) -> AsyncIterator[Portal]:
    """In process, on each engine."""
    app = await an_app(store)
    made = await a_portal(app)
    yield made
    for http in made.visitors:
        await http.aclose()
    await app.close()
