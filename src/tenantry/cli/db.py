"""`tenantry db`: the schema of the database."""

from __future__ import annotations

import typer

from tenantry.cli.common import AsJson, DataDir, fail, failing_well, noun, settings_of, show

app = noun("The database's schema.")


@app.command()
def upgrade(data_dir: DataDir = None) -> None:
    """Create or change the tables to what this version needs. Does nothing when they are so.

    Stop the server first, back up, then: `tenantry db upgrade`
    """
    settings = settings_of(data_dir)
    with failing_well():
        from tenantry.store import migrate

        migrate.upgrade(settings.store_url)
        typer.echo(f"The schema is at {migrate.check(settings.store_url).head}.")


@app.command()
def check(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Say where the schema stands; exits 78 when it is not what this version needs.

    Example: `tenantry db check`
    """
    settings = settings_of(data_dir)
    with failing_well():
        from tenantry.store import migrate

        state = migrate.check(settings.store_url)
    show({"revision": state.revision, "needed": state.head}, as_json)
    if not state.is_current:
        fail("Run `tenantry db upgrade`.", 78)
