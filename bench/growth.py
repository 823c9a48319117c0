"""How an exchange's cost grows with the number of tokens, seen through the noise of the machine.

Both servers live at once, on the one core, and are asked in turns for a second each: whatever else the host does, and
however fast its core is just then, meets both sides of a pair alike.
"""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from dataclasses import dataclass

from bench.load import measure
from bench.scenarios import SCENARIOS, Worlds
from bench.servers import free_port, running, serve_command

SMALL, LARGE = "exchange", "exchange-1m"
PAIRS = 20
_WARMING_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Growth:
    """How many times as much it takes, in the server's CPU time and by the clock: medians of `pairs` pairs, and the
    quartiles of the first."""

    cpu: float
    cpu_quartiles: tuple[float, float]
    time: float
    pairs: int


def measure_growth(worlds: Worlds, pairs: int = PAIRS) -> Growth:
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
        runs = [[measure(server, requests, 1) for server, requests in sides] for _ in range(pairs)]
    cpu = [large.cpu / small.cpu for small, large in runs]
    lower, middle, upper = statistics.quantiles(cpu, n=4)
    time = statistics.median(small.rate / large.rate for small, large in runs)
    return Growth(middle, (lower, upper), time, pairs)
