"""The scenarios that are measured: which requests go to which server on which world."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from bench.load import Requests, Run, measure
from bench.seeds import device_seed, exchange_seed, generate_requests, pair_requests, redeem_requests
from bench.servers import LOAD_CORE, floor_command, free_port, on_core, running, serve_command
from bench.worlds import Seed, World, postgres_world, sqlite_world
from tests.support.postgres import PostgresServer

SMALL, LARGE = 1_000, 1_000_000
_REDEEMS_A_SECOND = 9_000
"""How many redemptions are seeded for a second of a run: more than any server here answers."""
_SETTLING_SECONDS = 2
"""How long a server loads in the background what no hot path needs."""
_WARMING_SECONDS = 4
"""How long a server of a large file is asked before it is measured, so that the file's pages are in memory. Requests
that work once would run out.
"""

FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing to measure. `goal`: the least share of the floor's requests per second that it should reach."""

    name: str
    title: str
    world: str
    requests: Callable[[World], Requests]
    goal: float | None = None
    postgres: bool = False


SCENARIOS = (
    Scenario(FLOOR, "floor: one signature, no store", "small", World.requests),
    Scenario("exchange", "exchange a refresh token", "small", World.requests, goal=0.5),
    Scenario("exchange-1m", "exchange, 1,000,000 refresh tokens in 100,000 tenants", "large", World.requests),
    Scenario("generate", "generate a device token", "devices", generate_requests, goal=0.4),
    Scenario("redeem", "redeem a device token", "devices", redeem_requests, goal=0.4),
    Scenario("pair", "generate, then redeem (each counts)", "devices", pair_requests),
    Scenario("exchange-postgresql", "exchange a refresh token", "small", World.requests, postgres=True),
    Scenario("generate-postgresql", "generate a device token", "devices", generate_requests, postgres=True),
    Scenario("redeem-postgresql", "redeem a device token", "devices", redeem_requests, postgres=True),
    Scenario("pair-postgresql", "generate, then redeem (each counts)", "devices", pair_requests, postgres=True),
)


class Worlds:
    """The worlds of the chosen scenarios, made before anything is measured."""

    def __init__(self, scenarios: Sequence[Scenario], cache: Path, scratch: Path, runs: int, seconds: int) -> None:
        self._postgres: PostgresServer | None = None
        self._worlds: dict[tuple[str, bool], World] = {}
        try:
            with Progress(transient=True) as progress:
                seeds: dict[str, Seed] = {
                    "small": exchange_seed(SMALL, progress),
                    "large": exchange_seed(LARGE, progress),
                    "devices": device_seed((runs + 1) * seconds * _REDEEMS_A_SECOND, progress),
                }
                for scenario in scenarios:
                    key = scenario.world, scenario.postgres
                    if key not in self._worlds:
                        name = f"devices-{runs}x{seconds}" if scenario.world == "devices" else scenario.world
                        seed = seeds[scenario.world]
                        if scenario.postgres:
                            self._worlds[key] = postgres_world(name, seed, self._new_database(), scratch)
                        else:
                            self._worlds[key] = sqlite_world(name, seed, cache, scratch)
        except BaseException:
            self.close()
            raise

    def of(self, scenario: Scenario) -> World:
        return self._worlds[scenario.world, scenario.postgres]

    def close(self) -> None:
        if self._postgres is not None:
            self._postgres.stop()

    def _new_database(self) -> str:
        """Make an empty database on a server with PostgreSQL's own defaults: every commit is on disk before it is
        answered.
        """
        if self._postgres is None:
            with on_core(LOAD_CORE):
                self._postgres = PostgresServer(options=())
        name = f"world_{len(self._worlds)}"
        asyncio.run(self._postgres.create_database(name))
        return self._postgres.url(name)


@contextmanager
def made(scenarios: Sequence[Scenario], cache: Path, runs: int, seconds: int) -> Iterator[Worlds]:
    """Make the worlds; their copies are deleted at the end of the block."""
    scratch = cache / "running"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    worlds = Worlds(scenarios, cache, scratch, runs, seconds)
    try:
        os.sync()  # the copies: what is still to be written of them would slow the first round down
        yield worlds
    finally:
        worlds.close()
        shutil.rmtree(scratch, ignore_errors=True)


def run_once(scenario: Scenario, world: World, number: int, runs: int, seconds: int) -> Run:
    """Do the run `number` of `runs`, from 0: start a server for it, warm it up for some seconds, then measure."""
    port = free_port()
    command = floor_command if scenario.name == FLOOR else serve_command
    requests = scenario.requests(world)
    # Of requests that work once, the first part is for warming up: a piece of it for each run.
    parts = runs + 1
    with running(command(world.data_dir, port), port, world.settings) as server:
        time.sleep(_SETTLING_SECONDS)
        measure(server, requests.part(0, parts).part(number, runs), 1 if requests.once else _WARMING_SECONDS)
        return measure(server, requests.part(number + 1, parts), seconds)
