"""Subscribers, who hear a broadcasting group (ConnectGroup) without seeing each other. Source: Kaizala contract §1.2,
§3.7.

Whoever may list, add or remove members may do the same with subscribers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tenantry.access.actions import Action, GroupRole
from tenantry.access.decide import decide, require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.core.normal_form import name_key
from tenantry.core.phone_numbers import read_number
from tenantry.directory.group_lists import FoundMembers, get_group_facts
from tenantry.directory.groups import GroupType
from tenantry.directory.letting_in import LetIn, let_in
from tenantry.directory.member_files import PersonRow
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.engine.pages import Position
from tenantry.store.groups import groups, member_lists, members
from tenantry.store.groups.group_lists import GroupFacts
from tenantry.store.groups.member_lists import ListedMember, Standing
from tenantry.store.sign_in import phones


class FoundSubscribers(NamedTuple):
    """A page of subscribers. `next` is the id after which the next page begins, None on the last."""

    subscribers: list[ListedMember]
    next: UserId | None


async def list_subscribers(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, *, after_id: str, limit: int, now: Micros
) -> FoundSubscribers:
    """A page of subscribers, by id. Only a caller who may add subscribers sees their phone numbers.

    Raises what `access.require` does; FailedPrecondition for a group that has no subscribers.
    """
    await require(read, caller, Action.LIST_GROUP_MEMBERS, tenant_id, group_id=group_id, now=now)
    await _require_broadcasting(read, tenant_id, group_id)
    found = await member_lists.list_subscribers_by_id(read, tenant_id, group_id, after_id=after_id, limit=limit + 1)
    shown = await _as_seen(read, caller, tenant_id, group_id, found[:limit], now)
    return FoundSubscribers(shown, shown[-1].user_id if len(found) > limit else None)


async def search_subscribers(
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
    """Subscribers whose display name begins with `text`, by name. Raises what `list_subscribers` does."""
    await require(read, caller, Action.LIST_GROUP_MEMBERS, tenant_id, group_id=group_id, now=now)
    await _require_broadcasting(read, tenant_id, group_id)
    found = await member_lists.list_by_name(
        read, tenant_id, group_id, Standing.SUBSCRIBER, prefix=name_key(text), after=after, limit=limit + 1
    )
    last = found[limit - 1] if len(found) > limit else None
    shown = await _as_seen(read, caller, tenant_id, group_id, found[:limit], now)
    return FoundMembers(shown, None if last is None else (last.member_key, last.user_id))


async def get_subscriber(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, user_id: UserId, now: Micros
) -> ListedMember:
    """One subscriber, for a caller who may remove it. Raises what `access.require` does; NotFound("subscriber")."""
    await require(read, caller, Action.REMOVE_GROUP_MEMBER, tenant_id, group_id=group_id, now=now)
    found = await member_lists.find(read, tenant_id, group_id, Standing.SUBSCRIBER, user_id)
    if found is None:
        raise NotFound("subscriber")
    return found


async def get_broadcasting_group(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, action: Action, now: Micros
) -> GroupFacts:
    """As `get_group_facts`; FailedPrecondition for a group that has no subscribers."""
    group = await get_group_facts(read, caller, tenant_id, group_id, action, now)
    if group.group_type != GroupType.CONNECT_GROUP:
        raise _no_subscribers()
    return group


async def add_subscribers(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    group_id: GroupId,
    people: Sequence[str],
    *,
    now: Micros,
) -> LetIn:
    """Add people, each by a phone number or a sign-in name. Whoever is in the group already, as a member too, keeps the
    role.

    Raises what `letting_in.let_in` does; FailedPrecondition for a group that has no subscribers.
    """
    rows = [PersonRow(number, who, GroupRole.SUBSCRIBER) for number, who in enumerate(people, 1)]
    return await let_subscribers_in(tx, caller, tenant_id, group_id, rows, now=now)


async def let_subscribers_in(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    group_id: GroupId,
    rows: Sequence[PersonRow],
    *,
    as_at_home: bool = False,
    now: Micros,
) -> LetIn:
    """Do as `add_subscribers` for the rows of a file, whatever role they name."""
    await require(tx, caller, Action.ADD_GROUP_MEMBERS, tenant_id, group_id=group_id, now=now)
    await _require_broadcasting(tx, tenant_id, group_id)
    rows = [row._replace(role=GroupRole.SUBSCRIBER) for row in rows]
    return await let_in(tx, caller, tenant_id, group_id, rows, as_at_home=as_at_home, now=now)


async def remove_subscribers(
    tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, numbers: Sequence[str], now: Micros
) -> dict[str, str | None]:
    """Remove people by phone number. Answers for each number, as written, None or why nobody was removed. Raises what
    `list_subscribers` does.
    """
    await require(tx, caller, Action.REMOVE_GROUP_MEMBER, tenant_id, group_id=group_id, now=now)
    await _require_broadcasting(tx, tenant_id, group_id)
    done: dict[str, str | None] = {}
    for number in sorted(set(numbers)):
        try:
            owner = await phones.find_owner(tx, tenant_id, read_number(number))
        except InvalidValue as error:
            done[number] = error.public
            continue
        removed = owner is not None and await _remove(tx, caller, tenant_id, group_id, owner.user_id, now)
        done[number] = None if removed else "No subscriber of the group has this number."
    return done


async def remove_subscriber(
    tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, user_id: UserId, now: Micros
) -> None:
    """Remove one subscriber. Raises what `access.require` does; NotFound("subscriber")."""
    await require(tx, caller, Action.REMOVE_GROUP_MEMBER, tenant_id, group_id=group_id, now=now)
    if not await _remove(tx, caller, tenant_id, group_id, user_id, now):
        raise NotFound("subscriber")


async def _require_broadcasting(read: Read, tenant_id: TenantId, group_id: GroupId) -> None:
    """Raise FailedPrecondition unless the group is a ConnectGroup; NotFound("group")."""
    group_type = await groups.find_type(read, tenant_id, group_id)
    if group_type is None:
        raise NotFound("group")
    if group_type != GroupType.CONNECT_GROUP:
        raise _no_subscribers()


def _no_subscribers() -> FailedPrecondition:
    return FailedPrecondition("Only a broadcasting group (ConnectGroup) has subscribers.")


async def _remove(tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, user_id: UserId, now: Micros) -> bool:
    if not await members.delete_subscriber(tx, tenant_id, group_id, user_id):
        return False
    await record(tx, tenant_id, caller, events.GroupMemberRemoved(group_id=group_id, user_id=user_id), now)
    return True


async def _as_seen(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, found: list[ListedMember], now: Micros
) -> list[ListedMember]:
    managing = await decide(read, caller, Action.ADD_GROUP_MEMBERS, tenant_id, group_id=group_id, now=now)
    return found if managing.allowed else [row._replace(number=None) for row in found]
