"""Groups as a caller may see them, with the people in them: a few at a time, however many there are.

Reach (Kaizala contract §1, §6 #30): the grant of a user reaches the groups that the user is in; one for the tenant
reaches every group; one for a group reaches that group and those below it. With the last two the caller acts as admin.

1. `list_group_ids` answers which groups these are, by name.
2. `view_groups` shows some of them. Each statement looks at a bounded number of people. A page with more people than
   that is done in halves, so that only a group that is too large by itself has counts that stop at COUNTED.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tenantry.access.actions import Action, GroupRole
from tenantry.access.decide import require
from tenantry.core.caller import Caller, CallerKind, Reach
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.directory.group_places import LEVELS, SUB_GROUPS
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position
from tenantry.store.groups import group_links, group_walks, groups
from tenantry.store.groups.groups import GroupRow

COUNTED = 10_000
"""How many people and groups below one group are counted at most."""

LISTED = 10_000
"""How many groups a user is shown at most, or the holder of a token for a group."""

PAGE = 50
"""How many groups are viewed at once."""

_SUB_GROUPS_OF_PAGE = 5 * SUB_GROUPS


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as the caller sees it. `sub_groups` are the groups right below it that the caller reaches; None when they
    were not asked for.
    """

    group: GroupRow
    acts_as_admin: bool
    sub_groups: tuple[GroupView, ...] | None = None


class GroupIds(NamedTuple):
    """A page of groups, by name. `next` is where the next page begins, None at the end."""

    ids: list[GroupId]
    next: Position | None


async def list_group_ids(
    read: Read, caller: Caller, tenant_id: TenantId, *, after: Position | None = None, now: Micros
) -> GroupIds:
    """The groups in the caller's reach: PAGE of a tenant's, all of a user's or a group's up to LISTED.

    Raises what `access.require` does. Queries: those of the decision, and 1.
    """
    await require(read, caller, Action.LIST_GROUPS, tenant_id, now=now)
    if not _reaches_all(caller):
        if caller.reach is Reach.GROUP:
            ids = await group_walks.list_ids_below(read, tenant_id, caller.group_id or GroupId(""), LISTED)
        else:
            ids = await group_walks.list_ids_of_user(read, tenant_id, caller.user_id or UserId(""), LISTED)
        return GroupIds(ids, None)
    rows = await group_walks.list_ids_by_name(read, tenant_id, after=after or ("", ""), limit=PAGE + 1)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return GroupIds([row.id for row in rows[:PAGE]], None if last is None else (last.name_key, last.id))


async def view_groups(
    read: Read, caller: Caller, tenant_id: TenantId, ids: Sequence[GroupId], *, with_sub_groups: bool = False
) -> list[GroupView]:
    """Those of `ids` that still exist; `ids` are at most PAGE of those that `list_group_ids` has answered. Queries: 1;
    with sub-groups, where a group has some, 2 and those for sub-groups that are not among `ids`.
    """
    views = {row.id: _view(row, caller) for row in await _list_rows(read, caller, tenant_id, ids)}
    if not with_sub_groups:
        return list(views.values())
    parents = "".join(view.group.id for view in views.values() if view.group.sub_groups)
    links = await group_links.list_of_parents(read, tenant_id, parents, _SUB_GROUPS_OF_PAGE) if parents else []
    known = dict(views)
    missing = [child_id for child_id in dict.fromkeys(link.child_id for link in links) if child_id not in known]
    for start in range(0, len(missing), PAGE):
        rows = await _list_rows(read, caller, tenant_id, missing[start : start + PAGE])
        known |= {row.id: _view(row, caller) for row in rows if _may_see(row, caller)}
    below: defaultdict[GroupId, list[GroupView]] = defaultdict(list)
    for link in links:
        if link.child_id in known:
            below[link.parent_id].append(known[link.child_id])
    # Sub-groups have none themselves, so that a ring cannot nest for ever.
    return [GroupView(view.group, view.acts_as_admin, tuple(below[view.group.id])) for view in views.values()]


async def get_group(read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, now: Micros) -> GroupView:
    """One group, with the groups right below it. Raises NotFound("group"), Forbidden outside the caller's reach."""
    await require(read, caller, Action.READ_GROUP, tenant_id, group_id=group_id, now=now)
    for view in await view_groups(read, caller, tenant_id, [group_id], with_sub_groups=True):
        return view
    raise NotFound("group")


async def _list_rows(read: Read, caller: Caller, tenant_id: TenantId, ids: Sequence[GroupId]) -> list[GroupRow]:
    """The groups, by name."""
    if not ids:
        return []
    rows = await groups.list_by_ids(
        read,
        tenant_id,
        "".join(ids),
        asking_user_id=caller.user_id or "",
        deepest=LEVELS,
        counted=SUB_GROUPS,
        most=COUNTED,
    )
    if len(ids) == 1 or not rows or rows[0].looked < COUNTED:
        return rows
    half = len(ids) // 2
    return [row for part in (ids[:half], ids[half:]) for row in await _list_rows(read, caller, tenant_id, part)]


def _reaches_all(caller: Caller) -> bool:
    return caller.reach is Reach.TENANT or caller.kind is CallerKind.OPERATOR


def _view(row: GroupRow, caller: Caller) -> GroupView:
    above = caller.reach is Reach.GROUP or _reaches_all(caller)
    return GroupView(row, above or row.own_role == GroupRole.ADMIN)


def _may_see(row: GroupRow, caller: Caller) -> bool:
    return caller.reach is not Reach.USER or row.own_role in (GroupRole.ADMIN, GroupRole.MEMBER)
