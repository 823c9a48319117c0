"""Groups as people look at them: a search by the beginning of the name, and one group with the people in it, a page at
a time.
"""

from __future__ import annotations

from typing import NamedTuple

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.core.normal_form import name_key
from tenantry.store.engine.interface import Read
from tenantry.store.engine.pages import Position
from tenantry.store.groups import group_lists, member_lists
from tenantry.store.groups.group_lists import GroupFacts, ListedGroup, RelatedGroup
from tenantry.store.groups.member_lists import ListedMember, Standing

COUNTED = group_lists.COUNTED
RELATED_SHOWN = 100


class FoundGroups(NamedTuple):
    """A page of groups. `next` is where the next page begins, None on the last."""

    groups: list[ListedGroup]
    next: Position | None


class FoundMembers(NamedTuple):
    """A page of people. `next` is where the next page begins, None on the last."""

    members: list[ListedMember]
    next: Position | None


class GroupPicture(NamedTuple):
    """A group with the groups right above and right below it, as far as they are shown."""

    facts: GroupFacts
    parents: list[RelatedGroup]
    sub_groups: list[RelatedGroup]
    joined: list[GroupId] | None
    """Those of these groups that the caller may look at; None: all of them."""


async def search_groups(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    *,
    text: str = "",
    everyones: bool,
    after: Position | None = None,
    limit: int,
    now: Micros,
) -> FoundGroups:
    """Groups whose name begins with `text`: the caller's own, or `everyones`. Raises what `access.require` does.

    Queries: those of the decision, and 1.
    """
    action = Action.LIST_ALL_GROUPS if everyones else Action.LIST_GROUPS
    await require(read, caller, action, tenant_id, now=now)
    choose = group_lists.by_name if everyones else group_lists.of_user_by_name
    found = await choose(
        read, tenant_id, caller.user_id or UserId(""), prefix=name_key(text), after=after, limit=limit + 1
    )
    last = found[limit - 1] if len(found) > limit else None
    return FoundGroups(found[:limit], None if last is None else (last.name_key, last.id))


async def look_at_group(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, now: Micros
) -> GroupPicture:
    """One group and what is right above and below it. Raises what `access.require` does; NotFound("group")."""
    await require(read, caller, Action.READ_GROUP, tenant_id, group_id=group_id, now=now)
    facts = await group_lists.find_facts(read, tenant_id, group_id)
    if facts is None:
        raise NotFound("group")
    reads_all = await decide(read, caller, Action.LIST_ALL_GROUPS, tenant_id, now=now)
    joined = None
    if not reads_all.allowed:
        user_id = caller.user_id or UserId("")
        joined = await group_lists.list_joined_neighbours(read, tenant_id, group_id, user_id)
    return GroupPicture(
        facts,
        await group_lists.list_parents(read, tenant_id, group_id, RELATED_SHOWN),
        await group_lists.list_sub_groups(read, tenant_id, group_id, RELATED_SHOWN),
        joined,
    )


async def get_group_facts(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, action: Action, now: Micros
) -> GroupFacts:
    """One group. Raises what `access.require` does when the caller may not do `action` in it; NotFound("group")."""
    await require(read, caller, action, tenant_id, group_id=group_id, now=now)
    facts = await group_lists.find_facts(read, tenant_id, group_id)
    if facts is None:
        raise NotFound("group")
    return facts


async def search_members(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    group_id: GroupId,
    *,
    text: str = "",
    after: Position | None = None,
    limit: int,
    now: Micros,
) -> FoundMembers:
    """Admins and members whose display name begins with `text`. Only a caller who may add members sees the others'
    phone numbers. Raises what `access.require` does.
    """
    await require(read, caller, Action.LIST_GROUP_MEMBERS, tenant_id, group_id=group_id, now=now)
    managing = await decide(read, caller, Action.ADD_GROUP_MEMBERS, tenant_id, group_id=group_id, now=now)
    found = await member_lists.list_by_name(
        read, tenant_id, group_id, Standing.MEMBER, prefix=name_key(text), after=after, limit=limit + 1
    )
    last = found[limit - 1] if len(found) > limit else None
    members = found[:limit]
    if not managing.allowed:
        members = [row if row.user_id == caller.user_id else row._replace(number=None) for row in members]
    return FoundMembers(members, None if last is None else (last.member_key, last.user_id))


async def get_member(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, user_id: UserId, action: Action, now: Micros
) -> ListedMember:
    """One admin or member. Raises what `access.require` does when the caller may not do `action` in the group;
    NotFound.
    """
    await require(read, caller, action, tenant_id, group_id=group_id, now=now)
    found = await member_lists.find(read, tenant_id, group_id, Standing.MEMBER, user_id)
    if found is None:
        raise NotFound("member")
    return found
