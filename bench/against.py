"""`python -m bench.against COMMIT`: is this tree slower than an older commit? `make bench-against REF=COMMIT` calls it.

Both versions serve data that each has seeded itself. They are compared in short turns (turns.py), in processor time of
a request; by start time and idle memory, too. It ends with 1 when a request costs more than LIMIT times as much beyond
doubt, which is when the whole interval lies above.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.demo_requests import CUSTOMER_USER, GROUP, ME, demo_requests, write_demo_requests
from bench.load import Requests
from bench.servers import PUBLIC_URL, Server, free_port, running, serve_command
from bench.startup import first_token, measure_idle
from bench.trees import HERE, Tree, requests_in, this_tree, tree_of
from bench.turns import Ratio, compare

LIMIT = 1.02
_SMALL, _DEVICES = 1_000, 300_000
_SETTLING_SECONDS = 3
"""How long servers load in the background what no hot path needs, and a demo makes its history."""

Side = tuple[Server, Requests]


@dataclass(frozen=True, slots=True)
class Compared:
    """What is asked of both versions. `world`: the name of the seeded data, empty for the demo. `file`: the file of
    requests that the seed has written.
    """

    title: str
    world: str
    size: int
    file: str
    once: bool = False

    @contextmanager
    def side(self, tree: Tree, scratch: Path) -> Iterator[Side]:
        """Start a server of the tree; give it, and the requests for it."""
        port = free_port()
        settings = {"TENANTRY_RATE_LIMITS": "off", **({"TENANTRY_PUBLIC_URL": PUBLIC_URL} if self.world else {})}
        data_dir = self._data_dir(tree, scratch)
        options = () if self.world else ("--demo",)
        with running(serve_command(data_dir, port, *options, python=tree.python), port, settings) as server:
            time.sleep(_SETTLING_SECONDS)
            if self.world:
                yield server, requests_in(data_dir, self.file, once=self.once)
            else:
                write_demo_requests(server, data_dir)
                yield server, demo_requests(data_dir, self.file)

    def _data_dir(self, tree: Tree, scratch: Path) -> Path:
        if self.world:
            return tree.data_dir(self.world, self.size, scratch)
        return scratch / f"demo-{tree.name}"


COMPARED = {
    "exchange": Compared("exchange a refresh token", "exchange", _SMALL, "requests.bin"),
    "generate": Compared("generate a device token", "devices", _DEVICES, "generate.bin"),
    "redeem": Compared("redeem a device token", "devices", _DEVICES, "requests.bin", once=True),
    "me": Compared("Kaizala: users/me", "", 0, ME),
    "group": Compared("Kaizala: GET group", "", 0, GROUP),
    "user": Compared("Partner Center: get user", "", 0, CUSTOMER_USER),
}
STARTUP = "startup"


def main(
    commit: Annotated[str, typer.Argument(help="The older one.")],
    only: Annotated[
        list[str] | None, typer.Option("--only", help=f"{', '.join(COMPARED)} or {STARTUP}; may be repeated.")
    ] = None,
    precision: Annotated[float, typer.Option("--precision", help="Half of the interval's width to reach.")] = 0.01,
) -> None:
    """Compare this tree with an older commit of it, in turns on one core."""
    console = Console(stderr=True)
    unknown = set(only or ()) - {*COMPARED, STARTUP}
    if unknown:
        raise typer.BadParameter(f"There is no {', '.join(sorted(unknown))}.")
    try:
        old, new = tree_of(commit), this_tree()
    except subprocess.CalledProcessError as error:
        console.print(f"{commit} cannot be made ready: {error}")
        raise typer.Exit(2) from None
    out = Console(width=None if sys.stdout.isatty() else 140)
    ratios = _compare_all(old, new, [name for name in COMPARED if only is None or name in only], precision, console)
    if ratios:
        out.print(_table(old, ratios))
    if only is None or STARTUP in only:
        out.print(_startup_table(old, new, console))
    slower = [name for name, ratio in ratios.items() if ratio.least > LIMIT]
    if slower:
        console.print(f"[red]More than {LIMIT} times as much: {', '.join(slower)}[/red]")
        raise typer.Exit(1)


def _compare_all(old: Tree, new: Tree, names: list[str], precision: float, console: Console) -> dict[str, Ratio]:
    ratios = {}
    for name in names:
        with _scratch() as scratch, ExitStack() as both:
            sides = [both.enter_context(COMPARED[name].side(tree, scratch)) for tree in (old, new)]
            with console.status(COMPARED[name].title):
                ratio = ratios[name] = compare(sides[0], sides[1], precision)
        console.print(f"{name}: {_shown(ratio)}", style="dim")
    return ratios


@contextmanager
def _scratch() -> Iterator[Path]:
    """A scratch folder beside the seeded data, so that both lie on one disk."""
    directory = HERE / "var" / "bench" / "against"
    directory.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="running-", dir=directory))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _shown(ratio: Ratio) -> str:
    return f"{ratio.median:.3f} ({ratio.least:.3f} to {ratio.most:.3f}, {ratio.pairs} pairs)"


def _table(old: Tree, ratios: dict[str, Ratio]) -> Table:
    table = Table("CPU of a request", f"{old.name} µs", "now µs", "ratio", "95 % of it", "pairs", f"at most {LIMIT}")
    for name, ratio in ratios.items():
        verdict = "yes" if ratio.most <= LIMIT else "no" if ratio.least > LIMIT else "not shown"
        interval = f"{ratio.least:.3f} to {ratio.most:.3f}"
        cells = f"{ratio.first:.1f}", f"{ratio.second:.1f}", f"{ratio.median:.3f}", interval, f"{ratio.pairs}", verdict
        table.add_row(COMPARED[name].title, *cells)
    return table


_STARTS = 11


def _startup_table(old: Tree, new: Tree, console: Console) -> Table:
    """The table of start times and idle memory: medians of starts of the two versions in turns."""
    measured: dict[str, tuple[list[float], list[float]]] = {}
    with _scratch() as scratch, console.status("start and idle memory"):
        for number in range(_STARTS + 1):
            for side, tree in enumerate((old, new)):
                place = scratch / f"{number}-{tree.name}"
                for what, figure in _figures_of_start(place, tree.python):
                    taken = measured.setdefault(what, ([], []))[side]
                    if number:  # the first is for bytecode and page cache
                        taken.append(figure())
                    else:
                        figure()
    table = Table("", old.name, "now", "ratio")
    for what, (before, after) in measured.items():
        ratio = statistics.median(later / earlier for earlier, later in zip(before, after, strict=True))
        table.add_row(what, f"{statistics.median(before):.2f}", f"{statistics.median(after):.2f}", f"{ratio:.3f}")
    return table


def _figures_of_start(place: Path, python: str) -> list[tuple[str, Callable[[], float]]]:
    return [
        ("start to first token, empty data directory, s", lambda: first_token(place, python)),
        ("start to first token, existing data, s", lambda: first_token(place, python)),
        ("idle memory (PSS), MB", lambda: measure_idle(place, python)),
    ]


if __name__ == "__main__":
    typer.run(main)
