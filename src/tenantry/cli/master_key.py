"""`tenantry master-key`: change the master key, and end what was hashed under older ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenantry.cli.common import AsJson, DataDir, Desk, fail, key_file_of, noun, run, settings_of
from tenantry.cli.output import say, say_json, show, show_list

if TYPE_CHECKING:
    from tenantry.retiring import Held

app = noun("The master key.")

REMEDIES = {
    "refresh_tokens": "apps get a new one from 90 % of its life on, or when their users agree again; revoke the others",
    "connector_secrets": "give the app a new one (connector add-secret), then end this one",
    "device_credentials": "provision the device again, or revoke it",
    "recovery_codes": "their users make new ones on their page Sign-in",
    "group_invitations": "end them on the group's page, or wait",
    "enrolments": "an administrator makes a new code, or wait",
    "sessions": "wait",
}
"""What the operator can do about each kind of secret; those that are not here end by themselves within minutes or a
day.
"""


@app.command()
def rotate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make a new master key and encrypt everything under it again; the old one opens nothing any more.

    Stop every server first. Broken off at any point, it is taken up again by the same command. Copy the new key file to
    its safe place afterwards; older backups need the older one. Secrets handed out before go on until `retire`.

    Example: `tenantry master-key rotate`
    """

    async def work(desk: Desk, file: Path) -> dict[str, Any]:
        from tenantry.rekeying import rotate_master_key

        done = await rotate_master_key(desk.store, desk.caller, file, desk.now, lambda: _require_alone(desk))
        return {"master_key_file": str(file), **done._asdict()}

    with _alone(data_dir) as file:
        show(run(data_dir, lambda desk: work(desk, file)), as_json)


@app.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the generations of master keys. For each older one, say how many secrets are still hashed under it, and
    until when.

    Example: `tenantry master-key list`
    """

    async def work(desk: Desk) -> list[Held]:
        from tenantry.retiring import list_generations

        return await list_generations(desk.store, desk.master_key, desk.now)

    held = run(data_dir, work)
    columns = ("generation", "since", "state", "kind", "live", "until", "without_end", "what_to_do")
    show_list(_rows(held), columns, as_json)


@app.command()
def retire(
    force: Annotated[bool, typer.Option("--force", help="End what is still known by them, too.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Forget the peppers of older master keys under which no live secret is hashed; exits 1 when one is still needed.

    `list` shows for what. With --force those secrets end: connectors lose their secrets and tokens, devices their
    credentials, users their sessions and recovery codes, and the trail of each tenant notes it. Stop every server
    first.

    Example: `tenantry master-key retire`
    """

    async def work(desk: Desk, file: Path) -> tuple[list[int], list[Held]]:
        from tenantry.retiring import list_generations, retire
        from tenantry.tokens.keys.master_key import load_master_key

        await _require_alone(desk)
        retired = await retire(desk.store, desk.caller, file, desk.now, force=force)
        return retired, await list_generations(desk.store, load_master_key(None, file), desk.now)

    with _alone(data_dir) as file:
        retired, held = run(data_dir, lambda desk: work(desk, file))
    left = [each.generation for each in held[:-1] if each.has_pepper]
    if as_json:
        say_json({"master_key_file": str(file), "retired": retired, "left": left})
    else:
        say(f"Retired: {_listed(retired)}. Left: {_listed(left)}.")
        if left:
            say("`tenantry master-key list` shows what still needs them, and what to do; --force ends it.")
    if left:
        raise typer.Exit(1)


@contextmanager
def _alone(data_dir: Path | None) -> Iterator[Path]:
    """The key file, while no server runs on the data directory. Exits with 2 when the key is in no file, with 75 while
    a server runs.
    """
    from tenantry.cli.lock import alone
    from tenantry.core.files import remove_unfinished

    settings = settings_of(data_dir)
    if settings.master_key is not None:
        fail("The master key comes from TENANTRY_MASTER_KEY or tenantry.toml. Put it into a file for this.", 2)
    file = key_file_of(settings)
    with alone(settings.data_dir):
        remove_unfinished(file)
        yield file


async def _require_alone(desk: Desk) -> None:
    """Exit with 75 while another server or command is connected to the PostgreSQL database."""
    from tenantry.store.engine import health

    if desk.store.engine != "postgresql":
        return
    async with desk.store.read() as read:
        others = await health.count_others(read)
    if others:
        fail(f"Other servers or commands are at the database ({others}). Stop them, then run this again.", 75)


def _rows(held: list[Held]) -> Iterator[dict[str, Any]]:
    """For each generation a line for each kind of live secret, or one that says that there is none."""
    for each in held:
        state = "current" if each is held[-1] else "needed" if each.live else "held" if each.has_pepper else "retired"
        row = {"generation": each.generation, "since": each.since or None, "state": state}
        for kind, count in each.live.items():
            counted = {"live": count.rows, "until": count.until, "without_end": count.endless}
            yield {**row, "kind": kind, **counted, "what_to_do": REMEDIES.get(kind, "wait")}
        if not each.live:
            nothing = dict.fromkeys(("kind", "live", "until", "without_end", "what_to_do"))
            yield {**row, **nothing}


def _listed(generations: list[int]) -> str:
    return ", ".join(map(str, generations)) or "none"
