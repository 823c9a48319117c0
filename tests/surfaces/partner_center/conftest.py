"""`stage`: see tests/support/partner_center.py."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tenantry.store.engine.interface import Store
from tests.support.partner_center import Stage, a_stage


@pytest.fixture
async def stage(store: Store) -> AsyncIterator[Stage]:
    made = await a_stage(store)
    yield made
    await made.client.aclose()
    await made.app.close()
