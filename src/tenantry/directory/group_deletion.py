"""Deletes a group, and restores it with its people and the groups above and below it; its tokens, invite links and
webhooks do not come back.

Whoever administers the group may delete it and, since nobody else can see it any more, restore it.
"""

from __future__ import annotations

from tenantry.access.actions import Action, GroupRole
from tenantry.access.decide import decide, require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.directory.users import RESTORABLE
from tenantry.outbox.changes import EventType, SubGroupChange, enqueue
from tenantry.outbox.webhooks import delete_webhooks_of_group
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.groups import deleted_groups, group_invitations, group_lists
from tenantry.store.groups.deleted_groups import DeletedGroup, WhatEnds
from tenantry.tokens.grants import revoke_grants_of_group

COUNTED = 1_000


async def look_at_end(read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, now: Micros) -> WhatEnds:
    """What the deletion would end, each counted up to COUNTED. Raises what `access.require` does."""
    await require(read, caller, Action.DELETE_GROUP, tenant_id, group_id=group_id, now=now)
    return await deleted_groups.count_what_ends(read, tenant_id, group_id, now, COUNTED)


async def delete_group(tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, now: Micros) -> None:
    """Mark the group deleted, revoke every token for this group alone, end its links and webhooks. Its sub-groups stay
    as they are.

    Raises what `access.require` does; NotFound("group").
    """
    await require(tx, caller, Action.DELETE_GROUP, tenant_id, group_id=group_id, now=now)
    name = await deleted_groups.delete(tx, tenant_id, group_id, now)
    if name is None:
        raise NotFound("group")
    await record(tx, tenant_id, caller, events.GroupDeleted(group_id=group_id, name=name), now)
    await revoke_grants_of_group(tx, caller, tenant_id, group_id, "group_deleted", now)
    for invitation_id in await group_invitations.end_of_group(tx, tenant_id, group_id, now):
        event = events.GroupInvitationEnded(group_id=group_id, invitation_id=invitation_id)
        await record(tx, tenant_id, caller, event, now)
    await delete_webhooks_of_group(tx, caller, tenant_id, group_id, now)
    await _tell_groups_above(tx, caller, tenant_id, group_id, EventType.GROUP_REMOVED, now)


async def get_deleted_group(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, now: Micros
) -> DeletedGroup:
    """A deleted group that the caller may restore. Raises what `access.require` does; NotFound("group")."""
    asking = caller.user_id or UserId("")
    found = await deleted_groups.find(read, tenant_id, group_id, asking, now - RESTORABLE)
    is_own = found is not None and found.own_role == GroupRole.ADMIN
    await require(read, caller, Action.RESTORE_GROUP, tenant_id, owner_id=caller.user_id if is_own else None, now=now)
    if found is None:
        raise NotFound("group")
    return found


async def restore_group(tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, now: Micros) -> None:
    """Restore the group, until RESTORABLE after its deletion. Raises what `get_deleted_group` does."""
    await get_deleted_group(tx, caller, tenant_id, group_id, now)
    name = await deleted_groups.restore(tx, tenant_id, group_id, now - RESTORABLE, now)
    if name is None:
        raise NotFound("group")
    await record(tx, tenant_id, caller, events.GroupRestored(group_id=group_id, name=name), now)
    await _tell_groups_above(tx, caller, tenant_id, group_id, EventType.GROUP_ADDED, now)


async def _tell_groups_above(
    tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, event_type: EventType, now: Micros
) -> None:
    for parent in await group_lists.list_parents(tx, tenant_id, group_id, COUNTED):
        await enqueue(tx, tenant_id, caller, SubGroupChange(event_type, parent.id, group_id), now)


async def list_deleted_groups(
    read: Read, caller: Caller, tenant_id: TenantId, *, limit: int, now: Micros
) -> list[DeletedGroup]:
    """The groups that were deleted last and that the caller may restore. Raises what `access.require` does."""
    await require(read, caller, Action.LIST_GROUPS, tenant_id, now=now)
    everyones = (await decide(read, caller, Action.RESTORE_GROUP, tenant_id, now=now)).allowed
    return await deleted_groups.list_latest(
        read,
        tenant_id,
        caller.user_id or UserId(""),
        everyones=everyones,
        deleted_after=now - RESTORABLE,
        limit=limit,
    )
