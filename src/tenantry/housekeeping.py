"""Deletes what ended long enough ago: tenants, users and groups past their restoration, secrets, stored answers.

It goes table by table, some rows at a time, across tenants, so that a round's cost depends on the rows, not on the
number of tenants, and nothing waits long for it. Each round reads the tables whose rows are kept briefly; one round a
day reads those whose rows are kept for a month. Several processes may do it at once; one does not find what the other
has deleted. Audit events stay, except those of a purged tenant.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping

from tenantry.core.caller import Caller, Origin, operator
from tenantry.core.clock import DAY, HOUR, Clock, Micros
from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.core.ids import CorrelationId, TenantId, new_guid
from tenantry.core.log import get_logger
from tenantry.delegation.relationships import note_expired
from tenantry.directory.purging import purge_groups, purge_users
from tenantry.directory.tenant_purging import purge_tenants
from tenantry.store.ending import ended
from tenantry.store.ending.ended import Table
from tenantry.store.engine.interface import Store
from tenantry.store.sign_in import identity_providers

BATCH = 100
FIRST_AFTER_SECONDS = 60
EVERY_SECONDS = 3600
ROUNDS_OF_A_DAY = 24
PAUSE_SECONDS = 0.05
"""The pause between two pages of rows, so that requests come first."""

TENANTS_KEPT = 30 * DAY
"""For how long a deleted tenant can be restored, unless the settings say otherwise."""

_log = get_logger()

SHORT = {Table.SIGN_INS: HOUR, Table.IDEMPOTENCY_KEYS: HOUR, Table.PHONE_PINS: HOUR}
"""How long rows that live for at most a day are kept after their end."""

KEPT = {
    # Kept a month more, so that a late or repeated use still has its consequences, and a reason of its own in the
    # trail.
    Table.REFRESH_TOKENS: 30 * DAY,
    Table.AUTHORIZATION_CODES: 30 * DAY,
    Table.DEVICE_TOKENS: 30 * DAY,
    Table.GROUP_INVITATIONS: 30 * DAY,
    Table.SESSIONS: 30 * DAY,
    # Deliveries before webhooks, so that deleting a webhook never deletes many rows with it.
    Table.WEBHOOK_DELIVERIES: 30 * DAY,
    Table.WEBHOOKS: 30 * DAY,
    **SHORT,
}
"""How long rows are kept after their end; tables are cleaned in this order."""


async def tidy(
    store: Store,
    caller: Caller,
    clock: Clock,
    kept: Mapping[Table, Micros] = KEPT,
    tenants_kept: Micros | None = None,
    *,
    pause: float = 0,
) -> dict[str, int]:
    """Do one round. Answers how many rows of each kind it has deleted, and of how many relationships it has noted the
    end. The trail says who was purged.

    `tenants_kept`: for how long deleted tenants stay; None: they are not looked at.
    """
    counts = {
        "users": await purge_users(store, caller, clock(), pause=pause),
        "groups": await purge_groups(store, caller, clock(), pause=pause),
    }
    counts["linked_identities"] = await _forget_links(store, pause)
    counts["relationships_noted"] = await _note_expired(store, caller, clock(), pause)
    for table, time in kept.items():
        counts[table.table] = await _forget(store, table, clock() - time, pause)
    if tenants_kept is not None:
        counts["tenants"] = await purge_tenants(store, caller, clock(), kept=tenants_kept, pause=pause)
    return counts


async def _note_expired(store: Store, caller: Caller, now: Micros, pause: float) -> int:
    """Walk the relationships by key; write only where one's end has come, each in a transaction of its own."""
    noted, after = 0, ("", "")
    while True:
        async with store.read() as read:
            page = await ended.list_relationships(read, after=after, now=now, limit=BATCH)
        for row in page:
            if row.is_over:
                async with store.write() as tx:
                    noted += await note_expired(tx, caller, row.tenant_id, row.id, now)
        if len(page) < BATCH:
            return noted
        after = page[-1].tenant_id, page[-1].id
        await asyncio.sleep(pause)


async def _forget_links(store: Store, pause: float) -> int:
    """Delete the links to accounts at identity providers that were removed, some at a time."""
    forgotten, after = 0, ("", "")
    while True:
        async with store.read() as read:
            page = await ended.list_providers(read, after=after, limit=BATCH)
            left = [
                row
                for row in page
                if row.is_removed and await identity_providers.has_links(read, row.tenant_id, row.id)
            ]
        for row in left:
            deleted = BATCH
            while deleted == BATCH:
                deleted = await identity_providers.delete_links(store, row.tenant_id, row.id, BATCH)
                forgotten += deleted
                await asyncio.sleep(pause)
        if len(page) < BATCH:
            return forgotten
        after = page[-1].tenant_id, page[-1].id
        await asyncio.sleep(pause)


async def _forget(store: Store, table: Table, before: Micros, pause: float) -> int:
    """Walk the table's rows by key; write only where one has ended, in each tenant by itself."""
    deleted, tenant_id, after = 0, TenantId(""), table.start
    while True:
        async with store.read() as read:
            page = await ended.list_keys(
                read, table, after_tenant_id=tenant_id, after=after, before=before, limit=BATCH
            )
        over = [row for row in page if row.has_ended]
        for of_tenant, rows in itertools.groupby(over, lambda row: row.tenant_id):
            keys = [row.key for row in rows]
            deleted += await ended.delete(store, table, of_tenant, first=keys[0], last=keys[-1], before=before)
        if len(page) < BATCH:
            return deleted
        tenant_id, after, _ = page[-1]
        await asyncio.sleep(pause)


async def keep_tidy(store: Store, clock: Clock, tenants_kept: Micros = TENANTS_KEPT) -> None:
    """Do a round soon after the start and then one an hour, without end. A store that does not answer ends a round
    only.
    """
    await asyncio.sleep(FIRST_AFTER_SECONDS)
    for number in itertools.count():
        caller = operator(Origin(CorrelationId(new_guid()), ""))
        kept = SHORT if number % ROUNDS_OF_A_DAY else KEPT
        try:
            counts = await tidy(store, caller, clock, kept, tenants_kept, pause=PAUSE_SECONDS)
            _log.info("housekeeping", **counts)
        except (StoreBusy, StoreUnavailable):
            _log.warning("housekeeping stopped, the store does not answer; it goes on in an hour")
        except Exception:  # noqa: BLE001 - serving goes on
            _log.exception("housekeeping failed")
        await asyncio.sleep(EVERY_SECONDS)
