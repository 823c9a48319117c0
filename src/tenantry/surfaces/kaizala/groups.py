"""Groups: list, get, create, delete. Source: Kaizala contract 3.4, §6 #10-#13 and #31."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.caller import Caller
from tenantry.core.errors import StoreBusy
from tenantry.core.ids import GroupId, TenantId
from tenantry.directory import group_deletion, group_views, groups, members
from tenantry.directory.group_views import GroupIds, GroupView
from tenantry.directory.groups import NewGroup
from tenantry.directory.members import Newcomers
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.callers import caller_of
from tenantry.surfaces.shared.body import Fields
from tenantry.surfaces.shared.deps import Deps, deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/kaizala/v1/groups")
@performs(Action.LIST_GROUPS)
async def list_groups(request: Request) -> Response:
    """G2: every group in reach. `fetchAllGroups` adds `subGroups`, `showDetail` (or `showDetails`) the welcome message.

    Departs: sub-groups in reach are listed without `fetchAllGroups` too, and counts are there without `showDetail`;
    clients read both, and more keys than expected harm none.
    """
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    nested = wire.query_flag(request, "fetchAllGroups")
    details = wire.query_flag(request, "showDetail", "showDetails")
    with deps.long_answers.begin(caller, tenant_id) as place:
        pages = _pages(deps, caller, tenant_id, nested=nested)
        objects = ([wire.group_object(view, details=details) for view in page] async for page in pages)
        return await wire.answer_list("groups", objects, place)


async def _pages(deps: Deps, caller: Caller, tenant_id: TenantId, *, nested: bool) -> AsyncIterator[list[GroupView]]:
    found = GroupIds([], ("", ""))
    while found.next is not None:
        async with deps.store.read() as read:
            found = await group_views.list_group_ids(read, caller, tenant_id, after=found.next, now=deps.clock())
        for start in range(0, len(found.ids), group_views.PAGE):
            ids = found.ids[start : start + group_views.PAGE]
            async with deps.store.read() as read:
                views = await group_views.view_groups(read, caller, tenant_id, ids, with_sub_groups=nested)
            yield views  # with the connection given back: the reader may take its time


@router.get("/kaizala/v1/groups/{group_id}")
@performs(Action.READ_GROUP)
async def get_group(request: Request, group_id: str) -> Response:
    """G3: the group's keys at top level and in `groups[]`, as clients read either (§6 #10)."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    async with deps.store.read() as read:
        view = await group_views.get_group(read, caller, tenant_id, wire.read_group_id(group_id), deps.clock())
    shown = wire.group_object(view, details=True)
    return wire.answer({**shown, "groups": [shown]})


@router.post("/kaizala/v1/groups")
@performs(Action.CREATE_GROUP)
async def create_group(request: Request) -> Response:
    """G1. With a group token it makes a sub-group (contract §1)."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    new_group = _new_group(await wire.read_fields(request))
    members.require_few(new_group.newcomers)
    first, *more = new_group.newcomers.parts()
    async with deps.bulk.turn(tenant_id), deps.store.write() as tx:
        created = await groups.create_group(tx, caller, tenant_id, replace(new_group, newcomers=first), deps.clock())
    all_added = created.all_added
    for part in more:
        all_added = await _let_in(deps, caller, tenant_id, created.group_id, part) and all_added
    return wire.answer({"groupId": created.group_id, "groupName": created.name, "membersAdded": all_added})


async def _let_in(deps: Deps, caller: Caller, tenant_id: TenantId, group_id: GroupId, part: Newcomers) -> bool:
    """Whether all are in. The group is made: what the store does not take now shows in the answer."""
    try:
        async with deps.bulk.turn(tenant_id), deps.store.write() as tx:
            return await members.admit(tx, caller, tenant_id, group_id, part, founder=None, now=deps.clock())
    except StoreBusy:
        return False


@router.delete("/kaizala/v1/groups/{group_id}")
@performs(Action.DELETE_GROUP)
async def delete_group(request: Request, group_id: str) -> Response:
    """An extension of ours: no source has a wire form for it (§6 #31)."""
    deps = deps_of(request)
    caller, tenant_id = await caller_of(request)
    async with deps.store.write() as tx:
        await group_deletion.delete_group(tx, caller, tenant_id, wire.read_group_id(group_id), deps.clock())
    return wire.answer({"result": True})


def _new_group(fields: Fields) -> NewGroup:
    """Raises InvalidValue. `admins` may be phone numbers or user ids, as no source says which."""
    admins = wire.read_list(fields, "admins")
    admin_ids = tuple(found for text in admins if (found := wire.parse_id(text)))
    return NewGroup(
        name=fields.text("name", required=True, max_length=groups.MAX_NAME).strip(),
        welcome_message=fields.text("welcomeMessage", required=True, max_length=groups.MAX_TEXT),
        group_type=wire.read_group_type(fields),
        image_url=fields.text("groupPhoto", max_length=groups.MAX_TEXT),
        background_url=fields.text("backgroundPhoto", max_length=groups.MAX_TEXT),
        short_description=fields.text("ShortDescriptionString", max_length=groups.MAX_TEXT),
        long_description=fields.text("LongDescriptionString", max_length=groups.MAX_TEXT),
        newcomers=Newcomers(
            numbers=wire.read_list(fields, "members"),
            user_ids=tuple(wire.parse_id(text) or text for text in wire.read_list(fields, "memberUserIds")),
            admin_numbers=tuple(text for text in admins if wire.parse_id(text) is None),
            admin_ids=admin_ids,
        ),
    )
