"""The people in a group. A group never loses its last admin: changes of admins hold the group's row first, one after
the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tenantry.access.actions import Action, GroupRole
from tenantry.access.decide import decide, require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import FailedPrecondition, InvalidValue, NotFound
from tenantry.core.ids import GroupId, TenantId, UserId
from tenantry.core.phone_numbers import read_number
from tenantry.directory.phones import user_or_guest_of
from tenantry.outbox.changes import EventType, MemberChange, enqueue
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.engine.pages import Position
from tenantry.store.groups import groups, member_lists, members
from tenantry.store.groups.member_lists import ListedMember, Standing
from tenantry.store.sign_in import phones
from tenantry.store.sign_in.phones import Person
from tenantry.store.users import users

MAX_NEWCOMERS = 1_000
PART = 50
"""How many newcomers one transaction lets in: a longer one keeps other writers waiting."""
PAGE = 250


@dataclass(frozen=True, slots=True)
class Newcomers:
    """People to be let in: phone numbers as written, and ids of users. Admins may be given as either."""

    numbers: tuple[str, ...] = ()
    user_ids: tuple[str, ...] = ()
    admin_numbers: tuple[str, ...] = ()
    admin_ids: tuple[str, ...] = ()

    def parts(self) -> Iterator[Newcomers]:
        """The newcomers in pieces of PART, admins first; one empty piece when there is nobody."""
        everybody = [
            *(("admin_numbers", who) for who in self.admin_numbers),
            *(("admin_ids", who) for who in self.admin_ids),
            *(("numbers", who) for who in sorted(self.numbers)),
            *(("user_ids", who) for who in self.user_ids),
        ]
        for start in range(0, max(len(everybody), 1), PART):
            kinds: dict[str, list[str]] = {}
            for kind, who in everybody[start : start + PART]:
                kinds.setdefault(kind, []).append(who)
            yield Newcomers(**{kind: tuple(found) for kind, found in kinds.items()})

    def __len__(self) -> int:
        return len(self.numbers) + len(self.user_ids) + len(self.admin_numbers) + len(self.admin_ids)


class MemberPlace(NamedTuple):
    """Where a page of the list begins: among the admins or the others, after a position."""

    standing: Standing
    position: Position | None


FIRST = MemberPlace(Standing.ADMIN, None)


class MemberPage(NamedTuple):
    """A page of members. `next` is where the next page begins, None on the last."""

    members: list[ListedMember]
    next: MemberPlace | None


async def list_members(
    read: Read,
    caller: Caller,
    tenant_id: TenantId,
    group_id: GroupId,
    now: Micros,
    *,
    after: MemberPlace = FIRST,
    limit: int = PAGE,
) -> MemberPage:
    """List a page of members, admins first, then by name. Those who may add members see the others' phone numbers
    (Kaizala contract §1.2); for everybody else these are None.

    Raises NotFound("group"), Forbidden. Queries: those of two decisions, and 1 or 2.
    """
    await require(read, caller, Action.LIST_GROUP_MEMBERS, tenant_id, group_id=group_id, now=now)
    managing = await decide(read, caller, Action.ADD_GROUP_MEMBERS, tenant_id, group_id=group_id, now=now)
    rows: list[ListedMember] = []
    for standing in (Standing.ADMIN, Standing.PLAIN) if after.standing is Standing.ADMIN else (Standing.PLAIN,):
        position = after.position if standing is after.standing else None
        rows += await member_lists.list_by_name(
            read, tenant_id, group_id, standing, prefix="", after=position, limit=limit + 1 - len(rows)
        )
        if len(rows) > limit:
            break
    place = None
    if len(rows) > limit:
        last = rows[limit - 1]
        standing = Standing.ADMIN if last.role == GroupRole.ADMIN else Standing.PLAIN
        place = MemberPlace(standing, (last.member_key, last.user_id))
    shown = rows[:limit]
    if not managing.allowed:
        shown = [row if row.user_id == caller.user_id else row._replace(number=None) for row in shown]
    return MemberPage(shown, place)


async def add_members(
    tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, newcomers: Newcomers, now: Micros
) -> None:
    """Let the newcomers in, all or none. Those who are in already keep their role, and an unknown number comes in as a
    guest.

    Raises InvalidValue (field `members`) for a number or user that cannot be added, NotFound("group"), Forbidden.
    """
    await require(tx, caller, Action.ADD_GROUP_MEMBERS, tenant_id, group_id=group_id, now=now)
    if not await admit(tx, caller, tenant_id, group_id, newcomers, founder=None, now=now):
        raise _cannot_be_added()


async def require_addable(
    read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, newcomers: Newcomers, now: Micros
) -> None:
    """Raise what `add_members` would, without adding anybody, for a caller who adds them in parts."""
    await require(read, caller, Action.ADD_GROUP_MEMBERS, tenant_id, group_id=group_id, now=now)
    require_few(newcomers)
    for part in newcomers.parts():
        _, all_well_formed = _normalise_all((*part.numbers, *part.admin_numbers))
        ids = (*part.user_ids, *part.admin_ids)
        if not all_well_formed or not all([await _is_live(read, tenant_id, UserId(user_id)) for user_id in ids]):
            raise _cannot_be_added()
        await asyncio.sleep(0)  # reading a number takes long, so others get a turn in between


async def admit(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    group_id: GroupId,
    newcomers: Newcomers,
    *,
    founder: UserId | None,
    now: Micros,
) -> bool:
    """Let in all who can be let in, the founder first and as admin. Answers whether that was everybody. The caller has
    been checked.
    """
    require_few(newcomers)
    if founder is not None:
        await let_in_user(tx, caller, tenant_id, group_id, founder, GroupRole.ADMIN, now)
    complete = True
    for role, numbers, user_ids in (
        (GroupRole.ADMIN, newcomers.admin_numbers, newcomers.admin_ids),
        (GroupRole.MEMBER, newcomers.numbers, newcomers.user_ids),
    ):
        well_formed, all_well_formed = _normalise_all(numbers)
        found = [await user_or_guest_of(tx, caller, tenant_id, number, now) for number in well_formed]
        known = [user_id for user_id in map(UserId, user_ids) if await _is_live(tx, tenant_id, user_id)]
        complete = complete and all_well_formed and len(known) == len(user_ids)
        for user_id in sorted({*found, *known}):
            await let_in_user(tx, caller, tenant_id, group_id, user_id, role, now)
    return complete


async def let_in_user(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    group_id: GroupId,
    user_id: UserId,
    role: GroupRole,
    now: Micros,
    *,
    invitation_id: str | None = None,
) -> bool:
    """Let one user in. Answers False for a user who is in already and keeps the role; a subscriber may become more. It
    checks no rights.
    """
    if not await members.insert(tx, tenant_id, group_id, user_id, role, now):
        return False
    event = events.GroupMemberAdded(group_id=group_id, user_id=user_id, role=role, invitation_id=invitation_id)
    await record(tx, tenant_id, caller, event, now)
    await enqueue(tx, tenant_id, caller, MemberChange(EventType.MEMBER_ADDED, group_id, user_id, role), now)
    return True


async def set_role(
    tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, user_id: UserId, role: GroupRole, now: Micros
) -> None:
    """Make a member an admin, or an admin a member. Raises NotFound, Forbidden, FailedPrecondition for the last
    admin.
    """
    await groups.lock(tx, tenant_id, group_id, now)
    await require(tx, caller, Action.SET_GROUP_MEMBER_ROLE, tenant_id, group_id=group_id, now=now)
    held = await _get_role(tx, tenant_id, group_id, user_id)
    if held == role:
        return
    if not await members.set_role(tx, tenant_id, group_id, user_id, role):
        raise _last_admin()
    event = events.GroupMemberRoleSet(group_id=group_id, user_id=user_id, role=role)
    await record(tx, tenant_id, caller, event, now)


async def remove_member(
    tx: Tx, caller: Caller, tenant_id: TenantId, group_id: GroupId, user_id: UserId, now: Micros
) -> None:
    """Take a user out of the group. Raises NotFound, Forbidden, FailedPrecondition for the last admin.

    The group is held before the caller is checked: of two admins who remove each other, the second one is no admin any
    more.
    """
    await groups.lock(tx, tenant_id, group_id, now)
    await require(tx, caller, Action.REMOVE_GROUP_MEMBER, tenant_id, group_id=group_id, now=now)
    role = await _get_role(tx, tenant_id, group_id, user_id)
    if not await members.delete(tx, tenant_id, group_id, user_id):
        raise _last_admin()
    await record(tx, tenant_id, caller, events.GroupMemberRemoved(group_id=group_id, user_id=user_id), now)
    change = MemberChange(EventType.MEMBER_REMOVED, group_id, user_id, role)
    await enqueue(tx, tenant_id, caller, change, now)


async def get_own_profile(read: Read, caller: Caller, tenant_id: TenantId, now: Micros) -> Person:
    """The user behind the caller. Raises NotFound("user"), Forbidden."""
    await require(read, caller, Action.READ_OWN_PROFILE, tenant_id, now=now)
    person = None if caller.user_id is None else await phones.find_person(read, tenant_id, caller.user_id)
    if person is None:
        raise NotFound("user")
    return person


async def _get_role(read: Read, tenant_id: TenantId, group_id: GroupId, user_id: UserId) -> GroupRole:
    """The role of an admin or member. Raises NotFound("member")."""
    role = await members.find_role(read, tenant_id, group_id, user_id)
    if role is None or role == GroupRole.SUBSCRIBER:
        raise NotFound("member")
    return GroupRole(role)


async def _is_live(read: Read, tenant_id: TenantId, user_id: UserId) -> bool:
    user = await users.find(read, tenant_id, user_id)
    return user is not None and user.deleted_at is None


def _normalise_all(numbers: Sequence[str]) -> tuple[list[str], bool]:
    """The well-formed numbers in E.164, each once, sorted (see `user_or_guest_of`); and whether that is all of them."""
    found = set()
    complete = True
    for raw in numbers:
        try:
            found.add(read_number(raw))
        except InvalidValue:
            complete = False
    return sorted(found), complete


def require_few(newcomers: Newcomers) -> None:
    """Raise InvalidValue for more than MAX_NEWCOMERS."""
    if len(newcomers) > MAX_NEWCOMERS:
        raise InvalidValue(f"At most {MAX_NEWCOMERS} members can be added at once.", field="members")


def _cannot_be_added() -> InvalidValue:
    return InvalidValue(
        "members holds a phone number or user that cannot be added. "
        "A number is + and the country code and the number, such as +14255550100.",
        field="members",
    )


def _last_admin() -> FailedPrecondition:
    return FailedPrecondition("A group keeps at least one admin. Make another member admin first.")
