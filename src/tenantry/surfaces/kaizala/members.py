"""The members of a group, and one's own profile. Source: Kaizala contract §3.3, §3.5, §6 #21-#22."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from msgspec import Meta, Struct

from tenantry.access.actions import Action, GroupRole
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import GroupId, UserId
from tenantry.directory import members
from tenantry.directory.members import MemberPlace, Newcomers
from tenantry.store.groups.member_lists import ListedMember
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.coat import KAIZALA, ROOT, tenant_of
from tenantry.surfaces.operation import Ask, operations
from tenantry.surfaces.shared.long_answers import Stream

op = operations(KAIZALA, f"{ROOT}/groups/{{group_id}}/members")
of_oneself = operations(KAIZALA, f"{ROOT}/users/me")


class Member(Struct, rename="camel"):
    """A person in a group. Clients read the last two keys without asking whether they are there (Kaizala contract
    §3.5).
    """

    id: str
    role: str
    mobile_number: str
    is_provisioned: bool
    name: str
    profile_pic: str = ""


class Members(Struct):
    """All members."""

    members: list[Member]


class NewMembers(Struct, rename="camel"):
    """People to add: phone numbers, and ids of the tenant's users."""

    members: wire.Texts | None = None
    member_user_ids: wire.Texts | None = None


class NewRole(Struct):
    """A role: Admin or Member."""

    role: Annotated[str, Meta(max_length=64)]


class Profile(Struct, rename="camel"):
    """The caller's own profile."""

    id: str
    mobile_number: str
    name: str
    profile_pic: str = ""


@op("getGroupMembers", "GET", "", Action.LIST_GROUP_MEMBERS, source="Kaizala contract §3.5, M1")
async def list_members(ask: Ask, group_id: GroupId) -> Members | Stream:
    """List everybody in the group but its subscribers."""
    with ask.deps.long_answers.begin(ask.caller, tenant_of(ask)) as place:
        return await wire.whole_or_stream(Members, _pages(ask, group_id), place)


async def _pages(ask: Ask, group_id: GroupId) -> AsyncIterator[list[Member]]:
    deps, tenant_id = ask.deps, tenant_of(ask)
    place: MemberPlace | None = members.FIRST
    while place is not None:
        async with deps.store.read() as read:
            rows, place = await members.list_members(read, ask.caller, tenant_id, group_id, deps.clock(), after=place)
        yield [_shown(row) for row in rows]


def _shown(row: ListedMember) -> Member:
    return Member(
        id=row.user_id,
        role=wire.ROLES[GroupRole(row.role)],
        mobile_number=row.number or "",
        is_provisioned=row.verified_at is not None,
        name=row.display_name,
    )


@op("addGroupMembers", "PUT", "", Action.ADD_GROUP_MEMBERS, source="Kaizala contract §3.5, M2")
async def add_members(ask: Ask, group_id: GroupId, body: NewMembers) -> wire.Done:
    """Add people to the group: all or none, as far as that can be told before. `memberUserIds` is taken as G1
    takes it.
    """
    deps, tenant_id = ask.deps, tenant_of(ask)
    newcomers = Newcomers(
        numbers=wire.read_texts(body.members),
        user_ids=tuple(wire.parse_id(text) or text for text in wire.read_texts(body.member_user_ids)),
    )
    if not len(newcomers):
        raise InvalidValue("members is required.", field="members")
    async with deps.store.read() as read:
        await members.require_addable(read, ask.caller, tenant_id, group_id, newcomers, ask.now)
    for part in newcomers.parts():
        async with deps.bulk.turn(tenant_id), ask.writing() as tx:
            await members.add_members(tx, ask.caller, tenant_id, group_id, part, deps.clock())
    return wire.Done()


@op("updateGroupMember", "PUT", "/{member_id}", Action.SET_GROUP_MEMBER_ROLE, source="Kaizala contract §3.5, M3")
async def set_role(ask: Ask, group_id: GroupId, member_id: UserId, body: NewRole) -> wire.Done:
    """Make a member an admin, or an admin a member."""
    role = wire.read_role(body.role)
    async with ask.writing() as tx:
        await members.set_role(tx, ask.caller, tenant_of(ask), group_id, member_id, role, ask.now)
    return wire.Done()


@op("removeGroupMember", "DELETE", "/{member_id}", Action.REMOVE_GROUP_MEMBER, source="Kaizala contract §3.5, M4")
async def remove_member(ask: Ask, group_id: GroupId, member_id: UserId) -> wire.Done:
    """Take a person out of the group."""
    async with ask.writing() as tx:
        await members.remove_member(tx, ask.caller, tenant_of(ask), group_id, member_id, ask.now)
    return wire.Done()


@of_oneself("getOwnProfile", "GET", "", Action.READ_OWN_PROFILE, source="Kaizala contract §3.3, U1")
async def get_own_profile(ask: Ask) -> Profile:
    """Read the profile of the user behind the token."""
    async with ask.deps.store.read() as read:
        person = await members.get_own_profile(read, ask.caller, tenant_of(ask), ask.now)
    return Profile(person.user_id, person.number or "", person.display_name)
