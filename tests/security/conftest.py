"""The portal of `tests/portal`, for what must not be done with it; and a running server beside which others wait."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tenantry.store import open_store
from tests.portal.conftest import portal, sqlite_portal
from tests.support.builders import SomeGrant
from tests.support.crowds import analyze
from tests.support.waits.doing import kaizala_token
from tests.support.waits.hall import Hall
from tests.support.waits.heavy import Heavy
from tests.support.waits.measure import measure
from tests.support.waits.others import Server, a_server_process

__all__ = ["Standing", "place", "portal", "sqlite_portal", "standing"]

WAIT = 0.25
ROUNDS = 4
"""On a machine with other work one round may be slow by itself: it is the best that counts."""


@dataclass
class Standing:
    """A server and an organisation that asks much of it."""

    hall: Hall
    server: Server

    async def require_short_waits(self, heavy: Heavy, at_once: int) -> None:
        """Of others, in the best of some rounds; and nobody is refused, but for asking for too much."""
        rounds = []
        for _ in range(ROUNDS):
            found = await measure(self.hall, self.server, heavy, at_once)
            assert found.wrong == ""
            assert any(status < 400 for status in found.statuses), found.statuses
            if found.waited.bad == [] and found.waited.worst < WAIT:
                return
            rounds.append(found.waited)
        raise AssertionError(rounds)

    async def kaizala_headers(self, grant: SomeGrant) -> dict[str, str]:
        return await kaizala_token(self.server, self.hall.connector, grant)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A directory, and the address of a fresh database, on each engine."""
    data_dir = tmp_path_factory.mktemp("heavy")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), data_dir / "tenantry.db")
        yield data_dir, f"sqlite:///{data_dir / 'tenantry.db'}"
        return
    server, databases = request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_databases")
    name = databases.take()
    yield data_dir, server.url(name)
    databases.give_back(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing(request: pytest.FixtureRequest, place: tuple[Path, str]) -> AsyncIterator[Standing]:
    """Of the size that the module says: SIZE."""
    data_dir, url = place
    store = await open_store(url, busy_timeout=60, statement_timeout=60)
    hall = await Hall.build(store, request.module.SIZE)
    await analyze(store)
    async with a_server_process(data_dir, url) as server:
        yield Standing(hall, server)
    await store.close()
