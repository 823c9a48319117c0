"""`tenantry housekeeping`: do now what a running server does in the background."""

from __future__ import annotations

from tenantry.cli.common import AsJson, DataDir, Desk, run
from tenantry.cli.output import show


def housekeeping(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Delete what ended long enough ago: tenants, users and groups past their restoration, secrets, stored answers. It
    is audited.

    A running server does it by itself, within a day. Example: `tenantry housekeeping`
    """

    async def work(desk: Desk) -> dict[str, int]:
        from tenantry.core.clock import DAY, system_clock
        from tenantry.housekeeping import KEPT, tidy

        kept = desk.settings.tenant_restorable_days * DAY
        return await tidy(desk.store, desk.caller, system_clock, KEPT, kept)

    show(run(data_dir, work), as_json)
