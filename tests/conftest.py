"""Fixtures for everyone: `store` is a real store with the schema in place, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from tenantry.audit import marks
from tenantry.store import Store, open_store
from tenantry.store.engine import migrate
from tests.support.databases import TEMPLATE, Databases
from tests.support.postgres import PostgresServer
from tests.support.town import Town
from tests.support.town_rows import TownRows, build_once, fill

# How long an example takes says how busy the machine is: all its cores run tests.
hypothesis.settings.register_profile("tenantry", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tenantry")


@pytest.fixture(scope="session", autouse=True)
def plain_tracebacks() -> None:
    """As `tenantry serve` has them: structlog's own choice reads and colours the source, which takes seconds each."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])


@pytest.fixture
def every_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trails take every refusal, for a test that causes more of them in a minute than a trail takes."""
    monkeypatch.setattr(marks, "PER_MINUTE", 1_000_000)
    monkeypatch.setattr(marks, "PER_HOUR", 1_000_000)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema and no rows; copy it."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the run (for each worker, under xdist), started when the first test asks for it."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: PostgresServer) -> Iterator[Databases]:
    """Databases with the schema on that server, lent one test at a time."""
    asyncio.run(postgres_server.create_database(TEMPLATE))
    migrate.upgrade(postgres_server.url(TEMPLATE))
    databases = Databases(postgres_server)
    yield databases
    databases.close()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database with the schema."""
    shutil.copy(sqlite_template, tmp_path / "tenantry.db")
    return f"sqlite:///{tmp_path / 'tenantry.db'}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_databases: Databases) -> Iterator[str]:
    """A PostgreSQL database with the schema and no rows. A test that changes the schema may: it is not used again."""
    name = postgres_databases.take()
    yield postgres_server.url(name)
    postgres_databases.give_back(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh database, on each engine."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """A store on a fresh database, on each engine. To have one engine only, open `sqlite_url` or `postgres_url`."""
    opened = await open_store(store_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def town_rows(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> TownRows:
    """A town, made when the first test asks for one: `town` fills a test's own database with it."""
    path = tmp_path_factory.mktemp("town") / "town.db"
    shutil.copy(sqlite_template, path)
    return asyncio.run(build_once(f"sqlite:///{path}"))


@pytest.fixture
async def town(store: Store, store_url: str, town_rows: TownRows) -> Town:
    """The town in the test's store, on each engine: what a test does there no other sees."""
    await fill(store_url, town_rows)
    return town_rows.town
