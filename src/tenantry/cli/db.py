"""`tenantry db`: change or check the schema of the database, and copy the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tenantry.cli.common import AsJson, DataDir, fail, failing_well, noun, settings_of
from tenantry.cli.output import say, show

app = noun("The database: its schema, a backup.")


@app.command()
def upgrade(data_dir: DataDir = None) -> None:
    """Create the tables, or change them to what this version needs. Does nothing when they are so already.

    Stop the server first, back up, then: `tenantry db upgrade`
    """
    settings = settings_of(data_dir)
    with failing_well():
        from tenantry.store.engine import migrate

        migrate.upgrade(settings.store_url)
        say(f"The schema is at {migrate.check(settings.store_url).head}.")


@app.command()
def check(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say which version the schema has; exits 78 when it is not the one that this version needs.

    Example: `tenantry db check`
    """
    settings = settings_of(data_dir)
    with failing_well():
        from tenantry.store.engine import migrate
        from tenantry.store.migrations import advice

        state = migrate.check(settings.store_url)
    show({"revision": state.revision, "needed": state.head}, as_json)
    if not state.is_current:
        fail(advice(state.revision), 78)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A file that does not exist yet.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Copy a SQLite database, as it is at one moment, while the server runs. The master key is not in it.

    Example: `tenantry db backup /var/backups/tenantry-2026-03-01.db`
    """
    url = settings_of(data_dir).store_url
    if not url.startswith("sqlite:///"):
        fail("This installation keeps its data in PostgreSQL: back it up with pg_dump.", 2)
    with failing_well():
        from rich.console import Console
        from rich.progress import Progress

        from tenantry.store.engine.sqlite_backup import back_up

        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
            task = bar.add_task("Pages", total=None)
            made = back_up(
                Path(url.removeprefix("sqlite:///")),
                file,
                lambda done, total: bar.update(task, completed=done, total=total),
            )
    show(made._asdict(), as_json)
