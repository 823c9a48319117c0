"""How an exchange's cost grows with the number of tokens: servers of both worlds, compared in turns (turns.py)."""

from __future__ import annotations

from contextlib import ExitStack

from bench.scenarios import SCENARIOS, Worlds
from bench.servers import free_port, running, serve_command
from bench.turns import Ratio, compare

SMALL, LARGE = "exchange", "exchange-1m"
_PRECISION = 0.02


def measure_growth(worlds: Worlds) -> Ratio:
    """Compare an exchange in the two worlds, of which one is seeded with few tokens and one with many."""
    with ExitStack() as both:
        sides = []
        for name in (SMALL, LARGE):
            scenario = next(scenario for scenario in SCENARIOS if scenario.name == name)
            world, port = worlds.of(scenario), free_port()
            server = both.enter_context(running(serve_command(world.data_dir, port), port, world.settings))
            sides.append((server, scenario.requests(world)))
        return compare(sides[0], sides[1], _PRECISION)
