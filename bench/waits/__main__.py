"""`python -m bench.waits`: measure, print the table. `make bench-waits` calls it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench.waits.table import Row, as_json, show
from tenantry.store import open_store
from tenantry.store.engine import migrate
from tests.support.postgres import PostgresServer
from tests.support.waits.hall import Hall, Size
from tests.support.waits.heavy import Heavy
from tests.support.waits.lists import ALL
from tests.support.waits.measure import measure
from tests.support.waits.others import a_server_process

AT_ONCE = (1, 16)
FULL = Size(crowd=100_000, places=10_000, nested=1_000, rows=20_000, several=1_000)
_NAMES = [heavy.name for heavy in ALL]


class Engine(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def main(
    engine: Annotated[list[Engine] | None, typer.Option("--engine", help="One of the two; both without.")] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help=f"Of: {', '.join(_NAMES)}.")] = None,
    at_once: Annotated[list[int] | None, typer.Option("--at-once", min=1, help="How many; 1 and 16 without.")] = None,
    part: Annotated[int, typer.Option("--part", min=1, help="A part of the sizes: 10 for a tenth.")] = 1,
    as_text: Annotated[bool, typer.Option("--json", help="Print JSON instead of the table.")] = False,
) -> None:
    """Have one tenant do what is heavy, once and sixteen times at once, and measure how long others wait meanwhile.

    Others are of another tenant: a look at /healthz and /readyz, a token exchange and a page each 50 ms, and a sign-in
    by password. All of it takes most of an hour. Ends with 1 when somebody waited 250 ms or was refused.

    Examples:

        python -m bench.waits --engine sqlite --only delete-user --only import-users

        python -m bench.waits --part 10 --at-once 16

        python -m bench.waits --json > waits.json
    """
    console = Console(stderr=True)
    unknown = set(only or ()) - set(_NAMES)
    if unknown:
        raise typer.BadParameter(f"There is no {', '.join(sorted(unknown))}. There are: {', '.join(_NAMES)}.")
    chosen = [heavy for heavy in ALL if only is None or heavy.name in only]
    size = Size(*(max(number // part, 20) for number in FULL))
    rows: list[Row] = []
    for each in engine or list(Engine):
        rows += asyncio.run(_measure(each, chosen, tuple(at_once or AT_ONCE), size, console))
    if as_text:
        json.dump(as_json(rows), sys.stdout, indent=2)
        print()
    else:
        show(Console(width=None if sys.stdout.isatty() else 200), rows)
    if any(row.failed for row in rows):
        raise typer.Exit(1)


async def _measure(
    engine: Engine, chosen: list[Heavy], at_once: tuple[int, ...], size: Size, console: Console
) -> list[Row]:
    """A server of its own for each: what one left behind is not the next one's."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="tenantry-waits-") as scratch:
        async with _database(engine, Path(scratch)) as url:
            store = await open_store(url, busy_timeout=60, statement_timeout=600)
            console.print(f"{engine}: making {size.crowd:,} users and what they have", style="dim")
            hall = await Hall.build(store, size)
            for heavy in chosen:
                for many in at_once:
                    if engine not in heavy.engines or (many > 1 and heavy.alone_only):
                        continue
                    try:
                        row = await _measure_one(engine, hall, heavy, many, Path(scratch), url)
                    except Exception as error:  # noqa: BLE001 - an hour's other rows are not to be lost
                        console.print(f"{engine} {heavy.name} x{many}: not measured: {error!r}", style="red")
                        continue
                    short = f"{engine} {heavy.name} x{many}: {row.in_short}"
                    console.print(short, style="red" if row.failed else "dim", soft_wrap=True)
                    rows.append(row)
            await store.close()
    return rows


async def _measure_one(engine: Engine, hall: Hall, heavy: Heavy, many: int, data_dir: Path, url: str) -> Row:
    settings = {"webhook_events_waiting": "1000000"}
    async with a_server_process(data_dir, url, **settings) as server:
        measured = await measure(hall, server, heavy, many)
    await hall.forget_events()
    return Row.of(heavy, engine, many, hall.size, measured)


@asynccontextmanager
async def _database(engine: Engine, scratch: Path) -> AsyncIterator[str]:
    """Empty, with the schema; PostgreSQL with its own defaults, so that each commit is on disk."""
    if engine is Engine.SQLITE:
        url = f"sqlite:///{scratch / 'tenantry.db'}"
        await asyncio.to_thread(migrate.upgrade, url)
        yield url
        return
    server = PostgresServer(options=())
    try:
        await server.create_database("waits")
        await asyncio.to_thread(migrate.upgrade, server.url("waits"))
        yield server.url("waits")
    finally:
        server.stop()


if __name__ == "__main__":
    typer.run(main)
