"""Users that nobody can restore any more are forgotten, with their phones, memberships, roles and grants.

The trail keeps their identifiers. Who restores a user at the last moment wins or finds nothing; never half of it.
"""

from __future__ import annotations

from tenantry.audit.events import UserPurged
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.directory.users import RESTORABLE
from tenantry.store import grants, users
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
