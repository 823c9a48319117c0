"""`tenantry key`: make, list and revoke the keys that sign access tokens."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tenantry.cli.common import AsJson, DataDir, Desk, noun, run
from tenantry.cli.output import show, show_list

app = noun("Signing keys.")


@app.command()
def rotate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make a new signing key. It signs a minute from now; the older ones verify until their last token has ended.

    Example, from a timer each month: `tenantry key rotate`
    """

    async def work(desk: Desk) -> dict[str, str]:
        from tenantry.core.clock import MINUTE
        from tenantry.tokens.keys.signing_keys import rotate_signing_key

        async with desk.store.write() as tx:
            key_id = await rotate_signing_key(
                tx, desk.master_key, desk.caller, desk.now, overlap=MINUTE, verify_for=_longest(desk)
            )
        return {"key_id": key_id}

    show(run(data_dir, work), as_json)


@app.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the keys whose tokens may be good, and those revoked lately, without their private halves.

    Example: `tenantry key list`
    """

    async def work(desk: Desk) -> None:
        from tenantry.store.tokens import signing_keys

        async with desk.store.read() as read:
            rows = await signing_keys.list_for_people(read, desk.now - _longest(desk))
        columns = ("id", "algorithm", "created_at", "signs_from", "verifies_until", "revoked_at")
        show_list(rows, columns, as_json)

    run(data_dir, work)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its ID, as `tenantry key list` shows it.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Refuse every token that this key has signed, at once and for good: for a key that has leaked.

    Connectors get new access tokens by themselves; nobody has to sign in again. A new key takes over first. When the
    command ends, every running server has read it.

    Example: `tenantry key revoke 4f9d2c...`
    """

    async def work(desk: Desk) -> dict[str, Any]:
        import asyncio

        from tenantry.background import KEY_REFRESH_SECONDS
        from tenantry.tokens.keys.signing_keys import revoke_signing_key

        async with desk.store.write() as tx:
            new = await revoke_signing_key(tx, desk.master_key, desk.caller, key, desk.now)
        await asyncio.sleep(KEY_REFRESH_SECONDS + 1)
        return {"key_id": key, "revoked_at": desk.now, "new_key_id": new}

    show(run(data_dir, work), as_json)


def _longest(desk: Desk) -> int:
    """The longest time for which a token may be accepted after it was signed."""
    from tenantry.core.clock import HOUR, MINUTE, SECOND

    settings = desk.settings
    longest = max(settings.kaizala_access_token_hours * HOUR, settings.access_token_minutes * MINUTE)
    return longest + settings.clock_leeway_seconds * SECOND
