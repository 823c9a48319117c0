"""How an exchange's cost grows with the number of tokens, seen through the noise of the machine.

Both servers live at once, on the one core, and are let go on in turns of a tenth of a second: whatever else the host
does, and however fast its core is just then, meets both sides alike.
"""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from bench.load import Requests, measure, result_of, start_load
from bench.scenarios import SCENARIOS, Worlds
from bench.servers import LOAD_CORE, Server, free_port, on_core, running, serve_command

SMALL, LARGE = "exchange", "exchange-1m"
RUNS = 7
_WARMING_SECONDS = 6
_RUN_SECONDS = 10
_TURN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Growth:
    """How many times as much it takes, in the server's CPU time: the median of the runs, the least and the most."""

    cpu: float
    least: float
    most: float
    runs: int


def measure_growth(worlds: Worlds, runs: int = RUNS) -> Growth:
    """Of the two worlds, seeded with few tokens and with many."""
    few, many = (next(scenario for scenario in SCENARIOS if scenario.name == name) for name in (SMALL, LARGE))
    with ExitStack() as both:
        sides = []
        for scenario in (few, many):
            world, port = worlds.of(scenario), free_port()
            server = both.enter_context(running(serve_command(world.data_dir, port), port, world.settings))
            sides.append((server, scenario.requests(world)))
        for server, requests in sides:
            measure(server, requests, _WARMING_SECONDS)
        growths = []
        for _ in range(runs):
            small, large = _cpu_of_each(sides)
            growths.append(large / small)
    return Growth(statistics.median(growths), min(growths), max(growths), runs)


def _cpu_of_each(sides: Sequence[tuple[Server, Requests]]) -> list[float]:
    """The CPU seconds of a request, for each side. Raises RuntimeError when a request has failed."""
    servers = [server for server, _ in sides]
    before = [server.cpu_seconds() for server in servers]
    loads = [start_load(server, requests, _RUN_SECONDS) for server, requests in sides]
    with on_core(LOAD_CORE):
        _take_turns(servers)
    costs = []
    for server, load, earlier in zip(servers, loads, before, strict=True):
        answered, *_, refused, broken = result_of(load)
        if refused or broken:
            raise RuntimeError(f"{refused} requests were refused, {broken} broken")
        costs.append((server.cpu_seconds() - earlier) / answered)
    return costs


def _take_turns(servers: Sequence[Server]) -> None:
    """For as long as a run lasts, one is stopped. None stays so."""
    end, turn = time.monotonic() + _RUN_SECONDS, 0
    try:
        while time.monotonic() < end:
            os.kill(servers[1 - turn].pid, signal.SIGSTOP)
            os.kill(servers[turn].pid, signal.SIGCONT)
            time.sleep(_TURN_SECONDS)
            turn = 1 - turn
    finally:
        for server in servers:
            os.kill(server.pid, signal.SIGCONT)
