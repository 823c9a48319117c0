"""The town's home by short names, for tables of changes."""

from __future__ import annotations

import pytest

from tenantry.store.engine.interface import Store
from tests.support.stage import Stage, a_stage
from tests.support.town import Town


@pytest.fixture
async def stage(store: Store, town: Town) -> Stage:
    """The first of each kind at home. Its twins, the neighbours and the ended tenants are in the store, too."""
    async with store.read() as read:
        return await a_stage(read, town.home)
