"""Seeds one world with the code of the tree in whose directory and environment it runs, which may be an older one's.

Given to `python -c` with the arguments WORLD-SIZE CACHE SCRATCH, so that `bench` is that tree's and not the one beside
this file. Use of it only what that tree's `bench` has too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.progress import Progress

from bench.seeds import device_seed, exchange_seed
from bench.worlds import sqlite_world

if __name__ == "__main__":
    name, cache, scratch = sys.argv[1:]
    world, _, size = name.partition("-")
    seed = {"exchange": exchange_seed, "devices": device_seed}[world]
    Path(scratch).mkdir(parents=True, exist_ok=True)
    with Progress(transient=True) as progress:
        sqlite_world(name, seed(int(size), progress), Path(cache), Path(scratch))
