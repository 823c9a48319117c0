"""`tenantry`: the command line. What a command needs is imported when it runs, so that `--help` is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from tenantry import __version__
from tenantry.cli import (
    audit,
    connector,
    db,
    enterprise,
    grant,
    group,
    key,
    master_key,
    phone,
    relationship,
    service_account,
    tenant,
    user,
)
from tenantry.cli.common import noun
from tenantry.cli.connector_permissions import approve, decline, list_waiting
from tenantry.cli.doctor import doctor
from tenantry.cli.housekeeping import housekeeping
from tenantry.cli.init import init
from tenantry.cli.output import say
from tenantry.cli.serve import serve

app = noun("Tenantry: an identity control plane for organisations that run other organisations' accounts.")

app.command()(init)
app.command()(serve)
app.command()(housekeeping)
app.command()(doctor)
connector.app.command("list-waiting")(list_waiting)
connector.app.command()(approve)
connector.app.command()(decline)
for name, commands in {
    "db": db.app,
    "key": key.app,
    "master-key": master_key.app,
    "audit": audit.app,
    "tenant": tenant.app,
    "user": user.app,
    "phone": phone.app,
    "group": group.app,
    "connector": connector.app,
    "grant": grant.app,
    "relationship": relationship.app,
    "enterprise": enterprise.app,
    "service-account": service_account.app,
}.items():
    app.add_typer(commands, name=name)


def _print_version(asked: bool) -> None:
    if asked:
        say(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Tenantry: an identity control plane for organisations that run other organisations' accounts."""
