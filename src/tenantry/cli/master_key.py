"""`tenantry master-key`: another key for what is encrypted."""

from __future__ import annotations

from typing import Any

from tenantry.cli.common import AsJson, DataDir, Desk, fail, noun, run, settings_of
from tenantry.cli.output import show

app = noun("The master key.")


@app.command()
def rotate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make a new master key and encrypt everything under it again; the old one opens nothing any more.

    Stop every server first. Broken off at any point, it is taken up again by the same command. Copy the new key file to
    its safe place afterwards; older backups need the older one.

    Example: `tenantry master-key rotate`
    """
    from tenantry.cli.lock import alone

    settings = settings_of(data_dir)
    if settings.master_key is not None:
        fail("The master key comes from TENANTRY_MASTER_KEY or tenantry.toml. Put it into a file for this.", 2)
    file = settings.master_key_file or settings.data_dir / "master.key"

    async def work(desk: Desk) -> dict[str, Any]:
        from tenantry.rekeying import rotate_master_key
        from tenantry.store import health

        if desk.store.engine == "postgresql":
            async with desk.store.read() as read:
                others = await health.count_others(read)
            if others:
                fail(f"Others are connected to the database ({others}). Stop every server, then run this again.", 75)
        done = await rotate_master_key(desk.store, desk.caller, file, desk.now)
        return {"master_key_file": str(file), **done._asdict()}

    with alone(settings.data_dir):
        show(run(data_dir, work), as_json)
