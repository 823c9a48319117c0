"""Which groups are below a group: whoever administers both may make one a sub-group of the other, and an admin of
either may undo it.
"""

from __future__ import annotations

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, NotFound
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.core.normal_form import name_key
from tenantry.directory.group_places import make_room
from tenantry.outbox.changes import EventType, SubGroupChange, enqueue
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.groups import group_links, group_lists
from tenantry.store.groups.group_lists import RelatedGroup


async def search_linkable(
    read: Read, caller: Caller, tenant_id: TenantId, parent_id: GroupId, *, text: str, limit: int, now: Micros
) -> list[RelatedGroup]:
    """Groups whose name begins with `text` and that the caller may put below `parent_id`. Raises as `require` does."""
    await require(read, caller, Action.UPDATE_GROUP, tenant_id, group_id=parent_id, now=now)
    prefix = name_key(text)
    if (await decide(read, caller, Action.UPDATE_GROUP, tenant_id, now=now)).allowed:
        return await group_lists.list_linkable(read, tenant_id, parent_id, prefix=prefix, limit=limit)
    admin_id = caller.user_id or UserId("")
    return await group_lists.list_linkable_by(read, tenant_id, admin_id, parent_id, prefix=prefix, limit=limit)


async def link_group(
    tx: Tx, caller: Caller, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId, now: Micros
) -> None:
    """Make `child_id` a sub-group of `parent_id`. Raises what `access.require` does for either group, what `make_room`
    does, and FailedPrecondition (field `child_id`) when it is a sub-group already.
    """
    await require_both(tx, caller, tenant_id, parent_id, child_id, now)
    await make_room(tx, tenant_id, parent_id, child_id)
    # Asked again, now that no other request can change the two groups.
    await require_both(tx, caller, tenant_id, parent_id, child_id, now)
    if not await group_links.insert(tx, tenant_id, parent_id, child_id, now):
        raise FailedPrecondition("The group is a sub-group of this one already.", field="child_id")
    await record(tx, tenant_id, caller, events.GroupLinked(group_id=parent_id, child_id=child_id), now)
    await enqueue(tx, tenant_id, caller, SubGroupChange(EventType.GROUP_ADDED, parent_id, child_id), now)


async def unlink_group(
    tx: Tx, caller: Caller, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId, now: Micros
) -> None:
    """Take `child_id` out of `parent_id`. Admins of the parent act as admins below, so the admins of the sub-group must
    be able to leave it: an admin of either may call. Raises what `access.require` does for the parent;
    NotFound("group").
    """
    if not (await decide(tx, caller, Action.UPDATE_GROUP, tenant_id, group_id=child_id, now=now)).allowed:
        await require(tx, caller, Action.UPDATE_GROUP, tenant_id, group_id=parent_id, now=now)
    if not await group_links.delete(tx, tenant_id, parent_id, child_id):
        raise NotFound("group")
    await record(tx, tenant_id, caller, events.GroupUnlinked(group_id=parent_id, child_id=child_id), now)
    await enqueue(tx, tenant_id, caller, SubGroupChange(EventType.GROUP_REMOVED, parent_id, child_id), now)


async def require_both(
    read: Read, caller: Caller, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId, now: Micros
) -> None:
    """Raise what `access.require` does unless the caller administers both groups."""
    for group_id in (parent_id, child_id):
        await require(read, caller, Action.UPDATE_GROUP, tenant_id, group_id=group_id, now=now)
