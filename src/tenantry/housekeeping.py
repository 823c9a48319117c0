"""What has ended long enough ago is forgotten: users and groups past their restoration, expired secrets, kept answers.

Tenant by tenant, and in each some rows at a time: nothing waits long for it, whatever the number of tenants or rows.
Several processes may do it at once; what one has deleted the other does not find. Events of the trail stay.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from tenantry.core.caller import Caller, Origin, operator
from tenantry.core.clock import DAY, HOUR, Clock, Micros
from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.core.ids import CorrelationId, TenantId, new_guid
from tenantry.core.log import get_logger
from tenantry.directory.purging import purge_groups, purge_users
from tenantry.store import ended, phones, tenants
from tenantry.store.ended import DeleteEnded, ListEnds
from tenantry.store.engine import Store

BATCH = 200
FIRST_AFTER_SECONDS = 60
EVERY_SECONDS = 3600
PAUSE_SECONDS = 0.005
"""Between two tenants, so that requests come first."""

_log = get_logger()


class Kept(NamedTuple):
    """A table whose rows end, and for how long they are kept after that."""

    name: str
    list_ends: ListEnds
    delete_ended: DeleteEnded
    kept: Micros


KEPT = (
    # A month more, in which a late or repeated use still has its consequences, and its own reason in the trail.
    Kept("refresh_tokens", ended.list_refresh_tokens, ended.delete_refresh_tokens, 30 * DAY),
    Kept("authorization_codes", ended.list_authorization_codes, ended.delete_authorization_codes, 30 * DAY),
    Kept("device_tokens", ended.list_device_tokens, ended.delete_device_tokens, 30 * DAY),
    Kept("group_invitations", ended.list_group_invitations, ended.delete_group_invitations, 30 * DAY),
    Kept("sessions", ended.list_sessions, ended.delete_sessions, 30 * DAY),
    # First what webhooks were sent, then the webhooks: the end of one never takes many rows with it.
    Kept("webhook_deliveries", ended.list_webhook_deliveries, ended.delete_webhook_deliveries, 30 * DAY),
    Kept("webhooks", ended.list_webhooks, ended.delete_webhooks, 30 * DAY),
    Kept("sign_ins", ended.list_sign_ins, ended.delete_sign_ins, HOUR),
    Kept("idempotency_keys", ended.list_idempotency_keys, ended.delete_idempotency_keys, HOUR),
)


async def tidy(store: Store, caller: Caller, clock: Clock) -> dict[str, int]:
    """One round over all tenants; how many rows of each kind it has forgotten. Who is purged is in the trail."""
    total, after = {"tenants": 0, "users": 0, "groups": 0, **{table.name: 0 for table in KEPT}}, ""
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
    counts = {
        "users": await purge_users(store, caller, tenant_id, now),
        "groups": await purge_groups(store, caller, tenant_id, now),
    }
    for table in KEPT:
        counts[table.name] = await _forget(store, tenant_id, table, now - table.kept)
    stale = now - HOUR  # a PIN's row also counts the PINs of its hour
    async with store.read() as read:
        has_stale_pins = await phones.has_stale_pins(read, tenant_id, stale)
    if has_stale_pins:
        async with store.write() as tx:
            await phones.delete_stale_pins(tx, tenant_id, stale)
    return counts


async def _forget(store: Store, tenant_id: TenantId, table: Kept, before: Micros) -> int:
    """Walk the tenant's rows by key; write only where one has ended."""
    deleted, after = 0, b""
    while True:
        async with store.read() as read:
            page = await table.list_ends(read, tenant_id, after, BATCH)
        if any(row.ends_at < before for row in page):
            async with store.write() as tx:
                deleted += await table.delete_ended(tx, tenant_id, after, page[-1].key, before)
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
