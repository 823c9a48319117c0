"""Deletes for good users and groups that nobody can restore any more, with all that belongs to them alone.

The trail keeps their identifiers. Somebody who restores one at the last moment gets all of it or finds nothing, never
half of it: when there is so much of it that deleting it would keep other writers waiting, it first becomes impossible
to restore, and is then deleted in steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenantry.audit.events import Event, GroupPurged, UserPurged
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.users import RESTORABLE
from tenantry.store.ending import purging
from tenantry.store.ending.purging import DeletedGroup, DeletedUser, Table
from tenantry.store.engine.interface import Read, Store, Tx

BATCH = 200

Row = TypeVar("Row", DeletedUser, DeletedGroup)


async def purge_users(store: Store, caller: Caller, now: Micros, *, pause: float) -> int:
    """Purge users of every tenant. Answers how many. Audited, one event each."""
    return await _walk(store, caller, Table.USERS, purging.list_users, purging.FIRST_USER, now, pause)


async def purge_groups(store: Store, caller: Caller, now: Micros, *, pause: float) -> int:
    """Purge groups of every tenant. Answers how many. Audited, one event each."""
    return await _walk(store, caller, Table.GROUPS, purging.list_groups, purging.FIRST_GROUP, now, pause)


async def _walk(
    store: Store,
    caller: Caller,
    table: Table,
    list_page: Callable[[Read, Row, int], Awaitable[list[Row]]],
    after: Row,
    now: Micros,
    pause: float,
) -> int:
    purged = 0
    while True:
        async with store.read() as read:
            page = await list_page(read, after, BATCH)
        for row in page:
            if row.deleted_at <= now - RESTORABLE:
                purged += await _purge(store, caller, table, row, now, pause)
        if len(page) < BATCH:
            return purged
        after = page[-1]
        await asyncio.sleep(pause)


async def _purge(
    store: Store, caller: Caller, table: Table, row: DeletedUser | DeletedGroup, now: Micros, pause: float
) -> bool:
    """Purge one row. Answers False when another process has, or when it was restored."""
    deleted_until = now - RESTORABLE
    if not await _take_apart(store, table, row, deleted_until, pause):
        return False
    async with store.write() as tx:
        if not await purging.delete(tx, table, row.tenant_id, row.id, deleted_until):
            return False
        await record(tx, row.tenant_id, caller, await _end(tx, table, row.tenant_id, row.id), now)
    return True


async def _take_apart(
    store: Store, table: Table, row: DeletedUser | DeletedGroup, deleted_until: Micros, pause: float
) -> bool:
    """Delete what belongs to the row until little is left. Answers False when the row was restored."""
    for below in purging.BELOW[table]:
        async with store.read() as read:
            if not await purging.has_more(read, below, row.tenant_id, row.id, BATCH):
                continue
        if not await purging.end_restoration(store, table, row.tenant_id, row.id, deleted_until):
            return False
        deleted = BATCH
        while deleted == BATCH:
            deleted = await purging.delete_some(store, below, row.tenant_id, row.id, BATCH)
            await asyncio.sleep(pause)
    deleted = BATCH if table is Table.USERS else 0
    while deleted == BATCH and await _has_given_many(store, row):
        if not await purging.end_restoration(store, table, row.tenant_id, row.id, deleted_until):
            return False
        async with store.write() as tx:
            deleted = await purging.delete_grants(tx, row.tenant_id, UserId(row.id), BATCH)
        await asyncio.sleep(pause)
    return True


async def _has_given_many(store: Store, row: DeletedUser | DeletedGroup) -> bool:
    async with store.read() as read:
        return await purging.count_grants(read, row.tenant_id, UserId(row.id), BATCH + 1) > BATCH


async def _end(tx: Tx, table: Table, tenant_id: TenantId, row_id: str) -> Event:
    """End what the deletion of the row does not delete by itself. Answers the event."""
    if table is Table.GROUPS:
        return GroupPurged(group_id=row_id)
    await purging.delete_grants(tx, tenant_id, UserId(row_id), BATCH)
    return UserPurged(user_id=row_id)
