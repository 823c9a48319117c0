"""Where a group may stand among the others: how deep, how many side by side, and never in a ring.

Limiting the tree when links are made limits what one request, a decision included, has to walk through. Trees linked
before there were limits are walked as far as the statements of `store/groups/group_walks.py` go.
"""

from __future__ import annotations

from tenantry.core.errors import FailedPrecondition
from tenantry.core.ids import GroupId, TenantId
from tenantry.store.engine.interface import Tx
from tenantry.store.groups import group_links, group_walks
from tenantry.store.groups.group_walks import Above
from tenantry.store.tokens import grants

LEVELS = 10
"""The most levels of groups below a group."""

SUB_GROUPS = 1_000
"""The most groups directly below a group."""

ABOVE = 200
"""The most groups above a group, itself included: each is locked while a link is made below it."""

BELOW = 2_000
"""The most groups below a group that is linked below another; a group reached in several ways counts several times."""

_FIELD = "child_id"


async def make_room(tx: Tx, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId | None = None) -> None:
    """Hold every group above the new link until the end of the transaction, and check that there is room below
    `parent_id`, for a new group or for `child_id` with all below it.

    Raises FailedPrecondition (field `child_id`) when there is none, and when the link would make a ring. Deleted groups
    count, since they may be restored. Of two links that together would go too far or make a ring, the second one sees
    the first.
    """
    above = await _hold_above(tx, tenant_id, parent_id, child_id)
    levels, known = max((row.levels for row in above), default=0) + 1, {row.id for row in above}
    if child_id is not None:
        if child_id in known:
            raise FailedPrecondition(
                "The group is above this one already, or is this one: it cannot be below it too.", field=_FIELD
            )
        below = await group_walks.measure_below(tx, tenant_id, child_id, deepest=LEVELS, most=BELOW + 1)
        if below.looked > BELOW:
            raise FailedPrecondition(f"More than {BELOW} groups would come below others at once.", field=_FIELD)
        levels += below.levels
        known |= {row.id for row in await _list_above(tx, tenant_id, child_id)}
    if levels > LEVELS:
        raise FailedPrecondition(f"Groups stand at most {LEVELS} levels below each other.", field=_FIELD)
    if len(known) > ABOVE:
        raise FailedPrecondition(f"A group has at most {ABOVE} groups above it.", field=_FIELD)
    if await group_links.count_sub_groups(tx, tenant_id, parent_id, SUB_GROUPS) >= SUB_GROUPS:
        raise FailedPrecondition(f"A group has at most {SUB_GROUPS} sub-groups.", field=_FIELD)


async def _hold_above(tx: Tx, tenant_id: TenantId, parent_id: GroupId, child_id: GroupId | None) -> list[Above]:
    """Hold the groups above, in order; and once more when others were put above meanwhile."""
    held: set[GroupId] = set()
    while True:
        above = await _list_above(tx, tenant_id, parent_id)
        missing = {*(row.id for row in above), *([child_id] if child_id else [])} - held
        if not missing:
            return above
        for group_id in sorted(missing):
            await grants.hold_group(tx, tenant_id, group_id)
        held |= missing


async def _list_above(tx: Tx, tenant_id: TenantId, group_id: GroupId) -> list[Above]:
    """The groups above. Raises FailedPrecondition when there are more than there may be, which were linked before there
    was a limit.
    """
    most = ABOVE * (LEVELS + 1)
    above = await group_walks.list_above(tx, tenant_id, group_id, deepest=LEVELS, most=most + 1)
    if len(above) > most:
        raise FailedPrecondition(f"A group has at most {ABOVE} groups above it.", field=_FIELD)
    return above
