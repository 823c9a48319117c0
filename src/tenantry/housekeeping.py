"""What has ended long enough ago is forgotten: users and groups past their restoration, expired secrets, kept answers.

Tenant by tenant, and in each some rows at a time: nothing waits long for it, whatever the number of tenants or rows.
Several processes may do it at once; what one has deleted the other does not find. Events of the trail stay.
"""

from __future__ import annotations

import asyncio

from tenantry.core.caller import Caller, Origin, operator
from tenantry.core.clock import DAY, HOUR, Clock, Micros
from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.core.ids import CorrelationId, TenantId, new_guid
from tenantry.core.log import get_logger
from tenantry.directory.purging import purge
from tenantry.store import ended, pins, purging, tenants
from tenantry.store.ended import Table
from tenantry.store.engine import Store

BATCH = 200
FIRST_AFTER_SECONDS = 60
EVERY_SECONDS = 3600
PAUSE_SECONDS = 0.005
"""Between two tenants, so that requests come first."""

_log = get_logger()


KEPT = {
    # A month more, in which a late or repeated use still has its consequences, and its own reason in the trail.
    Table.REFRESH_TOKENS: 30 * DAY,
    Table.AUTHORIZATION_CODES: 30 * DAY,
    Table.DEVICE_TOKENS: 30 * DAY,
    Table.GROUP_INVITATIONS: 30 * DAY,
    Table.SESSIONS: 30 * DAY,
    # First what webhooks were sent, then the webhooks: the end of one never takes many rows with it.
    Table.WEBHOOK_DELIVERIES: 30 * DAY,
    Table.WEBHOOKS: 30 * DAY,
    Table.SIGN_INS: HOUR,
    Table.IDEMPOTENCY_KEYS: HOUR,
}
"""For how long rows are kept after their end; in this order they are forgotten."""


async def tidy(store: Store, caller: Caller, clock: Clock) -> dict[str, int]:
    """One round over all tenants; how many rows of each kind it has forgotten. Who is purged is in the trail."""
    total, after = {"tenants": 0, "users": 0, "groups": 0, **{kind.table: 0 for kind in KEPT}}, ""
    while True:
        async with store.read() as read:
            page = await tenants.list_ids(read, after, BATCH)
        for tenant_id in page:
            for name, count in (await tidy_tenant(store, caller, tenant_id, clock())).items():
                total[name] += count
            total["tenants"] += 1
            await asyncio.sleep(PAUSE_SECONDS)
        if len(page) < BATCH:
            return total
        after = page[-1]


async def tidy_tenant(store: Store, caller: Caller, tenant_id: TenantId, now: Micros) -> dict[str, int]:
    """One tenant's share of the round."""
    counts = {table.table: await purge(store, caller, table, tenant_id, now) for table in purging.Table}
    for table, kept in KEPT.items():
        counts[table.table] = await _forget(store, tenant_id, table, now - kept)
    stale = now - HOUR  # a PIN's row also counts the PINs of its hour
    async with store.read() as read:
        has_stale_pins = await pins.has_stale(read, tenant_id, stale)
    if has_stale_pins:
        async with store.write() as tx:
            await pins.delete_stale(tx, tenant_id, stale)
    return counts


async def _forget(store: Store, tenant_id: TenantId, table: Table, before: Micros) -> int:
    """Walk the tenant's rows by key; write only where one has ended."""
    deleted, after = 0, table.start
    while True:
        async with store.read() as read:
            page = await ended.list_rows(read, table, tenant_id, after=after, before=before, limit=BATCH)
        if any(row.has_ended for row in page):
            async with store.write() as tx:
                deleted += await ended.delete(tx, table, tenant_id, after=after, last=page[-1].key, before=before)
        if len(page) < BATCH:
            return deleted
        after = page[-1].key
        await asyncio.sleep(0)


async def keep_tidy(store: Store, clock: Clock) -> None:
    """For ever: a round soon after the start, then one an hour. A store that does not answer ends a round only."""
    await asyncio.sleep(FIRST_AFTER_SECONDS)
    while True:
        caller = operator(Origin(CorrelationId(new_guid()), ""))
        try:
            _log.info("housekeeping", **await tidy(store, caller, clock))
        except (StoreBusy, StoreUnavailable):
            _log.warning("housekeeping stopped, the store does not answer; it goes on in an hour")
        except Exception:  # noqa: BLE001 - serving goes on
            _log.exception("housekeeping failed")
        await asyncio.sleep(EVERY_SECONDS)
