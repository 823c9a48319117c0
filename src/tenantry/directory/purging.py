"""Users and groups that nobody can restore any more are forgotten, with all that is only theirs.

The trail keeps their identifiers. Who restores one at the last moment wins or finds nothing; never half of it.
"""

from __future__ import annotations

from tenantry.audit.events import GroupPurged, UserPurged
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.directory.users import RESTORABLE
from tenantry.store import deleted_groups, grants, users
from tenantry.store.engine import Store

BATCH = 200


async def purge_users(store: Store, caller: Caller, tenant_id: TenantId, now: Micros) -> int:
    """How many. Audited, one event each. Reads the tenant's users some at a time, and writes only when there is one."""
    purged, after, deleted_until = 0, "", now - RESTORABLE
    while True:
        async with store.read() as read:
            page = await users.list_deleted_at(read, tenant_id, after, BATCH)
        due = [user.id for user in page if user.soft_deleted_at is not None and user.soft_deleted_at <= deleted_until]
        if due:
            async with store.write() as tx:
                for user_id in due:
                    if await users.purge(tx, tenant_id, user_id, deleted_until):
                        await grants.delete_of_user(tx, tenant_id, user_id)
                        await record(tx, tenant_id, caller, UserPurged(user_id=user_id), now)
                        purged += 1
        if len(page) < BATCH:
            return purged
        after = page[-1].id


async def purge_groups(store: Store, caller: Caller, tenant_id: TenantId, now: Micros) -> int:
    """`purge_users` for groups."""
    purged, after, deleted_until = 0, "", now - RESTORABLE
    while True:
        async with store.read() as read:
            page = await deleted_groups.list_deleted_at(read, tenant_id, after, BATCH)
        due = [group.id for group in page if group.deleted_at is not None and group.deleted_at <= deleted_until]
        if due:
            async with store.write() as tx:
                for group_id in due:
                    if await deleted_groups.purge(tx, tenant_id, group_id, deleted_until):
                        await record(tx, tenant_id, caller, GroupPurged(group_id=group_id), now)
                        purged += 1
        if len(page) < BATCH:
            return purged
        after = page[-1].id
