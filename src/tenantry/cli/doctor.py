"""`tenantry doctor`: what is not right about this installation, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tenantry.cli.common import AsJson, DataDir, settings_of
from tenantry.cli.output import say, say_json

if TYPE_CHECKING:
    from tenantry.doctor.finding import Finding
    from tenantry.settings import Settings

Offline = Annotated[bool, typer.Option("--offline", help="Ask nothing over the net.")]


def doctor(data_dir: DataDir = None, offline: Offline = False, as_json: AsJson = False) -> None:
    """Look at settings, permissions, clock, DNS, gateway, disk, limits and proxy, and say what to mend.

    Run it as the user that the server runs as. It changes nothing and sends no message. Exits 1 when something is to be
    mended.

    Examples: `tenantry doctor`, `tenantry doctor --offline --json`
    """
    import asyncio

    from tenantry.doctor.finding import Verdict

    settings = settings_of(data_dir)
    findings = asyncio.run(_examine(settings, offline=offline))
    if as_json:
        say_json([finding._asdict() for finding in findings])
    else:
        _tell(findings)
    if any(finding.verdict is Verdict.MEND for finding in findings):
        raise typer.Exit(1)


async def _examine(settings: Settings, *, offline: bool) -> list[Finding]:
    from tenantry.core.clock import system_clock
    from tenantry.doctor.configuration import check_configuration
    from tenantry.doctor.database import check_database
    from tenantry.doctor.machine import clock, disk, files, interpreter
    from tenantry.doctor.network import check_dns, check_server

    findings = [*check_configuration(settings), *await check_database(settings, system_clock())]
    findings += [interpreter(), clock(), files(), *disk(settings.data_dir)]
    if not offline:
        findings += [await check_dns(), *await check_server(settings)]
    return findings


def _tell(findings: Sequence[Finding]) -> None:
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        say(f"{finding.verdict:<4}  {finding.subject:<{width}}  {finding.found}")
        if finding.mend:
            say(f"{'':<4}  {'':<{width}}  -> {finding.mend}")
    say("")
    count = sum(bool(finding.mend) for finding in findings)
    say(f"{count} of {len(findings)} want a look." if count else "All is well.")
