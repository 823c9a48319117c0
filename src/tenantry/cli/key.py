"""`tenantry key`: the keys that sign access tokens."""

from __future__ import annotations

from tenantry.cli.common import AsJson, DataDir, Desk, noun, run, show, show_list

app = noun("Signing keys.")


@app.command()
def rotate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make a new signing key. It signs a minute from now; the older ones verify until their last token has ended.

    Example, from a timer each month: `tenantry key rotate`
    """

    async def work(desk: Desk) -> dict[str, str]:
        from tenantry.core.clock import HOUR, MINUTE, SECOND
        from tenantry.tokens.signing_keys import rotate_signing_key

        settings, master_key = desk.settings, desk.master_key
        longest = max(settings.kaizala_access_token_hours * HOUR, settings.access_token_minutes * MINUTE)
        async with desk.store.write() as tx:
            key_id = await rotate_signing_key(
                tx,
                master_key,
                desk.caller,
                desk.now,
                overlap=MINUTE,
                verify_for=longest + settings.clock_leeway_seconds * SECOND,
            )
        return {"key_id": key_id}

    show(run(data_dir, work), as_json)


@app.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the keys whose tokens may be alive, without their private halves.

    Example: `tenantry key list`
    """

    async def work(desk: Desk) -> None:
        from tenantry.store import signing_keys

        columns = ("id", "algorithm", "created_at", "signs_from", "verifies_until")
        async with desk.store.read() as read:
            rows = await signing_keys.list_all(read, desk.now)
        shown = [{column: getattr(row, column) for column in columns} for row in rows]
        show_list(shown, columns, as_json)

    run(data_dir, work)
