"""Users and groups that nobody can restore any more are forgotten, with all that is only theirs.

The trail keeps their identifiers. Who restores one at the last moment wins or finds nothing; never half of it.
"""

from __future__ import annotations

from tenantry.audit.events import Event, GroupPurged, UserPurged
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.users import RESTORABLE
from tenantry.store import grants, purging
from tenantry.store.engine import Store, Tx
from tenantry.store.purging import Table

BATCH = 200


async def purge(store: Store, caller: Caller, table: Table, tenant_id: TenantId, now: Micros) -> int:
    """How many. Audited, one event each. Reads the tenant's rows some at a time, and writes only when one is due."""
    purged, after, deleted_until = 0, "", now - RESTORABLE
    while True:
        async with store.read() as read:
            page = await purging.list_rows(read, table, tenant_id, after, BATCH)
        due = [row.id for row in page if row.deleted_at is not None and row.deleted_at <= deleted_until]
        if due:
            async with store.write() as tx:
                for row_id in due:
                    if await purging.delete(tx, table, tenant_id, row_id, deleted_until):
                        await record(tx, tenant_id, caller, await _end(tx, table, tenant_id, row_id), now)
                        purged += 1
        if len(page) < BATCH:
            return purged
        after = page[-1].id


async def _end(tx: Tx, table: Table, tenant_id: TenantId, row_id: str) -> Event:
    """Forget what the row's deletion does not take along; the event."""
    if table is Table.GROUPS:
        return GroupPurged(group_id=row_id)
    await grants.delete_of_user(tx, tenant_id, UserId(row_id))
    return UserPurged(user_id=row_id)
