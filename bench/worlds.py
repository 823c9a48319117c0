"""Data to measure on: a data directory with a database and `requests.bin`, the requests that its clients send.

SQLite worlds are made once and kept in the cache; every use works on a copy, so that each `make bench` starts alike.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bench.load import Requests
from bench.servers import PUBLIC_URL
from tenantry.store import Store, Value, open_store
from tenantry.store.engine import migrate
from tenantry.store.migrations import HEAD
from tenantry.tokens.keys.master_key import MasterKey, create_master_key_file, load_master_key

T = TypeVar("T")

_KEY_FILE, _FACTS_FILE = "master.key", "facts.json"


@dataclass(frozen=True, slots=True)
class World:
    """Where the data is: the data directory, and the address of its database."""

    data_dir: Path
    url: str

    @property
    def settings(self) -> dict[str, str]:
        """The settings that a server of this world is started with."""
        postgres = {} if self.url.startswith("sqlite:") else {"TENANTRY_DATABASE_URL": self.url}
        return {"TENANTRY_RATE_LIMITS": "off", "TENANTRY_PUBLIC_URL": PUBLIC_URL, **postgres}

    def master_key(self) -> MasterKey:
        return load_master_key(None, self.data_dir / _KEY_FILE)

    def requests(self) -> Requests:
        """The requests that the seed wrote with `RequestsFile`."""
        return requests_of(self.data_dir / "requests.bin")


Seed = Callable[[World, Store], Awaitable[None]]


class Batch:
    """A `Tx` that only notes what is to be written, so that `flush` can write it statement by statement with
    `run_many`.

    Every statement seems to change one row, and what it would answer is None: fit for plain inserts.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[Mapping[str, Value]]] = {}

    async def one_or_none(self, _shape: Callable[..., T], sql: str, /, **params: Value) -> T | None:
        self._rows.setdefault(sql, []).append(params)
        return None

    async def all(self, shape: Callable[..., T], sql: str, /, **params: Value) -> list[T]:
        raise NotImplementedError(f"A batch cannot read: {sql}")

    async def run(self, sql: str, /, **params: Value) -> int:
        self._rows.setdefault(sql, []).append(params)
        return 1

    async def run_many(self, sql: str, rows: Sequence[Mapping[str, Value]], /) -> None:
        self._rows.setdefault(sql, []).extend(rows)

    async def flush(self, store: Store) -> None:
        """Write all in one transaction, in the order in which the statements came first: parents before children."""
        async with store.write() as tx:
            for sql, rows in self._rows.items():
                await tx.run_many(sql, rows)


class RequestsFile:
    """Writes requests one after the other. All have one length, so that the load generator can pick any."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._length = self._count = 0

    def add(self, head: str, body: str = "") -> None:
        """`head`: request line and headers, without what every request has."""
        length = f"Content-Length: {len(body)}\n" if body else ""
        request = f"{head}Host: bench\n{length}\n".replace("\n", "\r\n").encode() + body.encode()
        if self._count and len(request) != self._length:
            raise ValueError("the requests of one file must have one length")
        self._length = len(request)
        self._count += 1
        self._file.write(request)

    def close(self) -> None:
        self._file.close()
        facts = {"length": self._length, "count": self._count}
        self._path.with_suffix(".json").write_text(json.dumps(facts))


def requests_of(file: Path, **how: Any) -> Requests:
    """The requests of a closed `RequestsFile`; `how` goes to Requests."""
    facts = json.loads(file.with_suffix(".json").read_text())
    return Requests(file, facts["length"], facts["count"], **how)


def sqlite_world(name: str, seed: Seed, cache: Path, scratch: Path) -> World:
    """Copy the world of this name into `scratch`; the first time, make it."""
    kept = cache / f"{name}-{HEAD}"
    if not (kept / _FACTS_FILE).exists():
        shutil.rmtree(kept, ignore_errors=True)
        _make(World(kept, _sqlite_url(kept)), seed)
        (kept / _FACTS_FILE).write_text(json.dumps({"schema": HEAD}))
    data_dir = scratch / name
    shutil.copytree(kept, data_dir)
    return World(data_dir, _sqlite_url(data_dir))


def postgres_world(name: str, seed: Seed, url: str, scratch: Path) -> World:
    """Make a world in an empty PostgreSQL database. It is made each time, as the database server is new each time."""
    world = World(scratch / f"{name}-postgresql", url)
    _make(world, seed)
    return world


def _sqlite_url(data_dir: Path) -> str:
    return f"sqlite:///{(data_dir / 'tenantry.db').absolute()}"


def _make(world: World, seed: Seed) -> None:
    world.data_dir.mkdir(parents=True)
    create_master_key_file(world.data_dir / _KEY_FILE)
    migrate.upgrade(world.url)
    asyncio.run(_run(world, seed))


async def _run(world: World, seed: Seed) -> None:
    store = await open_store(world.url, busy_timeout=60, statement_timeout=600)
    try:
        await seed(world, store)
    finally:
        await store.close()
