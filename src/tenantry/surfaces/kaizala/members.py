"""Members of a group, and one's own profile. Source: Kaizala contract 3.3, 3.5, §6 #21-#22."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.caller import Caller
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import GroupId, TenantId
from tenantry.directory import members
from tenantry.directory.members import MemberPlace, Newcomers
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.callers import caller_of
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()

_DONE = {"result": True}


@router.get("/kaizala/v1/groups/{group_id}/members")
@performs(Action.LIST_GROUP_MEMBERS)
async def list_members(request: Request, group_id: str) -> Response:
    """M1."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    group = wire.read_group_id(group_id)
    with deps.long_answers.begin(caller, tenant_id) as place:
        return await wire.answer_list("members", _pages(deps, caller, tenant_id, group), place)


async def _pages(
    deps: Deps, caller: Caller, tenant_id: TenantId, group_id: GroupId
) -> AsyncIterator[list[dict[str, Any]]]:
    place: MemberPlace | None = members.FIRST
    while place is not None:
        async with deps.store.read() as read:
            rows, place = await members.list_members(read, caller, tenant_id, group_id, deps.clock(), after=place)
        yield [wire.member_object(row) for row in rows]


@router.put("/kaizala/v1/groups/{group_id}/members")
@performs(Action.ADD_GROUP_MEMBERS)
async def add_members(request: Request, group_id: str) -> Response:
    """M2. All or none, as far as can be told before; `memberUserIds` is taken as in G1."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    group = wire.read_group_id(group_id)
    fields = await wire.read_fields(request)
    newcomers = Newcomers(
        numbers=wire.read_list(fields, "members"),
        user_ids=tuple(wire.parse_id(text) or text for text in wire.read_list(fields, "memberUserIds")),
    )
    if not len(newcomers):
        raise InvalidValue("members is required.", field="members")
    async with deps.store.read() as read:
        await members.require_addable(read, caller, tenant_id, group, newcomers, deps.clock())
    for part in newcomers.parts():
        async with deps.bulk.turn(tenant_id), deps.store.write() as tx:
            await members.add_members(tx, caller, tenant_id, group, part, deps.clock())
    return wire.answer(_DONE)


@router.put("/kaizala/v1/groups/{group_id}/members/{member_id}")
@performs(Action.SET_GROUP_MEMBER_ROLE)
async def set_role(request: Request, group_id: str, member_id: str) -> Response:
    """M3."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    group, member = wire.read_group_id(group_id), wire.read_member_id(member_id)
    role = wire.read_role(await wire.read_fields(request))
    async with deps.store.write() as tx:
        await members.set_role(tx, caller, tenant_id, group, member, role, deps.clock())
    return wire.answer(_DONE)


@router.delete("/kaizala/v1/groups/{group_id}/members/{member_id}")
@performs(Action.REMOVE_GROUP_MEMBER)
async def remove_member(request: Request, group_id: str, member_id: str) -> Response:
    """M4."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    group, member = wire.read_group_id(group_id), wire.read_member_id(member_id)
    async with deps.store.write() as tx:
        await members.remove_member(tx, caller, tenant_id, group, member, deps.clock())
    return wire.answer(_DONE)


@router.get("/kaizala/v1/users/me")
@performs(Action.READ_OWN_PROFILE)
async def get_own_profile(request: Request) -> Response:
    """U1."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    async with deps.store.read() as read:
        person = await members.get_own_profile(read, caller, tenant_id, deps.clock())
    return wire.answer(
        {"id": person.user_id, "mobileNumber": person.number or "", "name": person.display_name, "profilePic": ""}
    )
