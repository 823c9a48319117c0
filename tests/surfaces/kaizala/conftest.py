"""The `world` of tests/support/kaizala.py, on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tenantry.store.engine.interface import Store
from tests.support.kaizala import World, a_world


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    made = await a_world(store)
    yield made
    await made.client.aclose()
    await made.app.close()


@pytest.fixture
async def limited_world(store: Store) -> AsyncIterator[World]:
    """With rate limits on, and small."""
    made = await a_world(
        store,
        rate_limits="on",
        kaizala_calls_per_connector_per_minute=5,
        kaizala_calls_per_tenant_per_minute=10,
        pins_per_number_per_hour=3,
        pins_per_address_per_hour=10,
    )
    yield made
    await made.client.aclose()
    await made.app.close()
