"""`tenantry audit`: the trail of a tenant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantry.cli.common import AsJson, DataDir, Desk, noun, run, tenant_named

if TYPE_CHECKING:
    from tenantry.store.audit_events import AuditEvent

app = noun("The audit trail.")

POLL_SECONDS = 1.0
PAGE = 500


@app.command()
def tail(
    tenant: Annotated[
        str, typer.Option("--tenant", "-t", help="The tenant's ID or domain; `system` for signing keys.")
    ],
    count: Annotated[int, typer.Option("-n", min=0, max=10_000, help="How many of the last events.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they happen, until Ctrl-C.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Show the last events, oldest first: a line each, or with --json an object a line.

    Example: `tenantry audit tail --tenant contoso.example -n 50 --follow`
    """

    async def work(desk: Desk) -> None:
        import asyncio

        from tenantry.audit.events import SYSTEM_TENANT
        from tenantry.store import audit_events

        async with desk.store.read() as read:
            tenant_id = SYSTEM_TENANT if tenant == "system" else await tenant_named(read, tenant)
            found = list(reversed(await audit_events.list_latest(read, tenant_id, count)))
        last = found[-1].id if found else ""
        _print(found, as_json)
        while follow:
            async with desk.store.read() as read:
                found = await audit_events.list_after(read, tenant_id, last, PAGE)
            _print(found, as_json)
            last = found[-1].id if found else last
            if len(found) < PAGE:
                await asyncio.sleep(POLL_SECONDS)

    try:
        run(data_dir, work)
    except KeyboardInterrupt:
        return


def _print(found: list[AuditEvent], as_json: bool) -> None:
    from tenantry.core.clock import to_iso

    for event in found:
        data: dict[str, Any] = json.loads(event.data)
        data.pop("type", None)
        if as_json:
            typer.echo(json.dumps({**event._asdict(), "at": to_iso(event.at), "data": data}))
            continue
        facts = " ".join(f"{name}={json.dumps(value)}" for name, value in data.items())
        typer.echo(f"{to_iso(event.at)}  {event.type:<28} {event.actor:<48} {facts}")
