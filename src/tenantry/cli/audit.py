"""`tenantry audit`: the trail of a tenant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from tenantry.cli.common import AsJson, DataDir, Desk, noun, run, tenant_named
from tenantry.cli.output import say, say_json, show

if TYPE_CHECKING:
    from tenantry.audit.exports import ExportSeal
    from tenantry.audit.heads import Note
    from tenantry.audit.seals import BrokenSeal, Verdict
    from tenantry.core.ids import TenantId
    from tenantry.store.engine.interface import Read
    from tenantry.store.trail.audit_events import AuditEvent

app = noun("The audit trail.")

POLL_SECONDS = 1.0
PAGE = 500


OfTenant = Annotated[str, typer.Option("--tenant", "-t", help="The tenant's ID or domain; `system` for signing keys.")]


@app.command()
def tail(
    tenant: OfTenant,
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

        from tenantry.store.trail import audit_events

        async with desk.store.read() as read:
            tenant_id = await _trail_named(read, tenant)
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
            say_json({**event._asdict(), "at": to_iso(event.at), "data": data}, indent=None)
            continue
        facts = " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in data.items())
        say(f"{to_iso(event.at)}  {event.type:<28} {event.actor:<48} {facts}")


@app.command()
def seal(
    tenant: Annotated[
        str | None, typer.Option("--tenant", "-t", help="Of this tenant only: its ID or domain, or `system`.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Seal the trail of every tenant, or of one, up to ten minutes ago. A running server does it each hour.

    Example: `tenantry audit seal --tenant contoso.example`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.audit.heads import seal_and_note
        from tenantry.audit.sealing import seal_all
        from tenantry.core.clock import system_clock
        from tenantry.store.trail import audit_seals

        keys = desk.master_key.seal_keys()
        if tenant is None:
            return {"seals": await seal_all(desk.store, keys, system_clock, pause=0)}
        async with desk.store.read() as read:
            tenant_id = await _trail_named(read, tenant)
        made = await seal_and_note(desk.store, keys, tenant_id, desk.now)
        async with desk.store.read() as read:
            head = await audit_seals.find_last(read, tenant_id)
        return {"seals": made, "head": head.mark if head else None, "sealed_at": head.sealed_at if head else None}

    show(run(data_dir, work), as_json)


@app.command()
def verify(
    tenant: OfTenant,
    expect: Annotated[
        str | None,
        typer.Option(help="NUMBER:DIGEST, a head that an earlier run printed: it must still be among the seals."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A file exported from this trail: it must be as it was made, and its head still be among the seals.",
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Check that nobody has changed the trail since it was sealed. Exits 1 when a seal does not hold.

    Keep the head it prints elsewhere: with it a later run finds a cut-off end too. An export carries its own.

    Example: `tenantry audit verify --tenant contoso.example --expect 812:9f2c…`
    """

    async def work(desk: Desk) -> _Found:
        from rich.console import Console
        from rich.progress import Progress

        from tenantry.audit.exports import check_export
        from tenantry.audit.heads import find_missing
        from tenantry.audit.seals import has_seal, verify_trail
        from tenantry.core.errors import InvalidValue

        made = None
        if export is not None:
            with export.open("rb") as file:
                made = check_export(desk.master_key.seal_keys(), file)
        async with desk.store.read() as read:
            tenant_id, name = await _trail_with_name(read, tenant)
            if made is not None and made.tenant_id != tenant_id:
                raise InvalidValue("The export is of another tenant's trail.", field="export")
            expected = [head for head in (expect, made and made.head) if head]
            missing = [head for head in expected if not await has_seal(read, tenant_id, head)]
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
            task = bar.add_task("Seals", total=None)
            verdict = await verify_trail(
                desk.store,
                desk.master_key.seal_keys(),
                tenant_id,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        async with desk.store.read() as read:
            noted = await find_missing(read, tenant_id)
        return _Found(tenant_id, name, verdict, missing, noted, _is_overdue(desk, verdict), export is not None, made)

    found = run(data_dir, work)
    if as_json:
        say_json({"tenant_id": found.tenant_id, "tenant": found.name, **_as_json(found)})
    else:
        say(f"The trail of {found.name} ({found.tenant_id}).")
        _print_verdict(found.verdict)
        for head in found.missing:
            say(
                f"The seal {head} is not among them: the end of the trail was cut off since it was noted, or it was "
                "sealed anew by somebody with the master key."
            )
        _print_gaps(found)
        if export is not None:
            _print_export(found.export)
    if not found.holds:
        raise typer.Exit(1)


class _Found(NamedTuple):
    """What a check of the trail found. `missing` are the seals that should be in the trail and are not; `noted` is the
    one of them that the system's trail has noted. `is_overdue`: events that no seal covers are older than they may be.
    `export` is None when no export was checked, and when it was changed.
    """

    tenant_id: TenantId
    name: str
    verdict: Verdict
    missing: list[str]
    noted: Note | None
    is_overdue: bool
    has_export: bool
    export: ExportSeal | None

    @property
    def holds(self) -> bool:
        never_sealed = self.is_overdue and self.verdict.head is None
        is_whole = not self.verdict.broken and not self.missing and self.noted is None and not never_sealed
        return is_whole and (self.export is not None) == self.has_export


async def _trail_named(read: Read, name: str) -> TenantId:
    """The trail of this name: a tenant's ID or domain, or `system`. Raises NotFound("tenant")."""
    from tenantry.audit.events import SYSTEM_TENANT

    return SYSTEM_TENANT if name == "system" else await tenant_named(read, name)


async def _trail_with_name(read: Read, name: str) -> tuple[TenantId, str]:
    """The trail of this name, and its tenant's own name, since a domain may belong to another tenant than before.
    Raises NotFound("tenant").
    """
    from tenantry.audit.events import SYSTEM_TENANT
    from tenantry.cli.common import undeleted_tenant_named

    if name == "system":
        return SYSTEM_TENANT, "the system"
    tenant = await undeleted_tenant_named(read, name)
    return tenant.id, tenant.name


def _is_overdue(desk: Desk, verdict: Verdict) -> bool:
    from tenantry.audit.seals import is_overdue
    from tenantry.core.clock import MINUTE

    return is_overdue(verdict, desk.settings.audit_seal_minutes * MINUTE, desk.now)


def _print_gaps(found: _Found) -> None:
    from tenantry.core.clock import to_iso

    if found.noted is not None:
        say(
            f"The seal {found.noted.head}, which the system's trail noted on {to_iso(found.noted.at)}, is not among "
            "them: the end of the trail was cut off, or all its seals were taken away. Verify the system's trail too: "
            "tenantry audit verify --tenant system"
        )
    if found.is_overdue:
        say(
            "That is longer ago than three rounds of sealing: no server has sealed this trail since, or its seals were "
            "taken away."
        )


def _as_json(found: _Found) -> dict[str, Any]:
    from tenantry.core.clock import to_iso

    verdict, export = found.verdict, found.export
    head, broken = verdict.head, verdict.first_broken
    checked = {"holds": export is not None, **(export._asdict() if export else {})}
    return {
        "holds": found.holds,
        "seals": verdict.seals,
        "events": verdict.events,
        "head": head.mark if head and broken is None else None,
        "sealed_at": to_iso(head.sealed_at) if head else None,
        "broken_seals": verdict.broken,
        "first_broken": {**broken._asdict(), "since": to_iso(broken.since), "until": to_iso(broken.until)}
        if broken
        else None,
        "expected_is_found": not found.missing,
        "noted_is_found": found.noted is None,
        "overdue": found.is_overdue,
        "export": checked if found.has_export else None,
        "unsealed": verdict.unsealed,
        "unsealed_since": to_iso(verdict.unsealed_since) if verdict.unsealed_since else None,
    }


def _print_export(export: ExportSeal | None) -> None:
    if export is None:
        say(
            "The export is not as it was made: somebody, or a program that saved it anew, has changed or cut it. An "
            "export that was made with another master key looks so too."
        )
        return
    from tenantry.core.clock import to_iso

    say(f"The export is as it was made. Events in it: {export.events:,}.")
    if export.followed_at is not None:
        say(
            f"It was made under a master key that another one followed on {to_iso(export.followed_at)}. Whoever has "
            "that older key can make such a file."
        )
    if export.head is None:
        say("Nothing was sealed when it was made, so it says nothing about the trail.")


def _print_verdict(verdict: Verdict) -> None:
    from tenantry.audit.seals import UNSEALED_COUNTED
    from tenantry.core.clock import to_iso

    head, broken = verdict.head, verdict.first_broken
    if broken is not None:
        say(f"The trail was changed. Seals that do not hold: {verdict.broken:,} of {verdict.seals:,}.")
        say(f"The first is {broken.number:,}, from {to_iso(broken.since)} to {to_iso(broken.until)}: {_why(broken)}")
    elif head is not None:
        say(f"The trail holds. Events: {verdict.events:,}, in seals: {verdict.seals:,}.")
        say(f"Last sealed: {to_iso(head.sealed_at)}")
        say(f"Head, to keep elsewhere: {head.mark}")
    else:
        say("The trail has no seals yet.")
    if verdict.unsealed_since is not None:
        count = f"{verdict.unsealed:,}{' or more' if verdict.unsealed == UNSEALED_COUNTED else ''}"
        say(f"Not sealed yet: {count}, since {to_iso(verdict.unsealed_since)}.")


def _why(broken: BrokenSeal) -> str:
    if broken.said is None:
        return "it is missing."
    if broken.said == broken.found:
        return f"as many events as there were ({broken.said:,}); one of them was changed, or the seal itself."
    return f"events when it was made: {broken.said:,}, now: {broken.found:,}."
