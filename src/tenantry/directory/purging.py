"""Users and groups that nobody can restore any more are forgotten, with all that is only theirs.

The trail keeps their identifiers. Who restores one at the last moment wins or finds nothing; never half of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import TypeVar

from tenantry.audit.events import Event, GroupPurged, UserPurged
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.users import RESTORABLE
from tenantry.store import grants, purging
from tenantry.store.engine import Read, Store, Tx
from tenantry.store.purging import DeletedGroup, DeletedUser, Table

BATCH = 200

Row = TypeVar("Row", DeletedUser, DeletedGroup)


async def purge_users(store: Store, caller: Caller, now: Micros, *, pause: float) -> int:
    """Of every tenant; how many. Audited, one event each."""
    return await _walk(store, caller, Table.USERS, purging.list_users, purging.FIRST_USER, now, pause)


async def purge_groups(store: Store, caller: Caller, now: Micros, *, pause: float) -> int:
    """Of every tenant; how many. Audited, one event each."""
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
        purged += await _purge(store, caller, table, page, now)
        if len(page) < BATCH:
            return purged
        after = page[-1]
        await asyncio.sleep(pause)


async def _purge(
    store: Store, caller: Caller, table: Table, page: Sequence[DeletedUser | DeletedGroup], now: Micros
) -> int:
    """Those of the page that are due, one transaction for each tenant; how many."""
    purged, deleted_until = 0, now - RESTORABLE
    due = [row for row in page if row.deleted_at <= deleted_until]
    for tenant_id, rows in groupby(due, lambda row: row.tenant_id):
        async with store.write() as tx:
            for row in rows:
                if await purging.delete(tx, table, tenant_id, row.id, deleted_until):
                    await record(tx, tenant_id, caller, await _end(tx, table, tenant_id, row.id), now)
                    purged += 1
    return purged


async def _end(tx: Tx, table: Table, tenant_id: TenantId, row_id: str) -> Event:
    """Forget what the row's deletion does not take along; the event."""
    if table is Table.GROUPS:
        return GroupPurged(group_id=row_id)
    await grants.delete_of_user(tx, tenant_id, UserId(row_id))
    return UserPurged(user_id=row_id)
