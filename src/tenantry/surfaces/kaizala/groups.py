"""Groups: list, get, create, delete. Source: Kaizala contract §3.4, §6 #10-#13 and #31."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field, structs

from tenantry.access.actions import Action, GroupRole
from tenantry.core.errors import StoreBusy
from tenantry.core.ids import GroupId
from tenantry.directory import group_deletion, group_views, groups, members
from tenantry.directory.group_views import GroupIds, GroupView
from tenantry.directory.groups import GroupType, NewGroup
from tenantry.directory.members import Newcomers
from tenantry.surfaces.kaizala import wire
from tenantry.surfaces.kaizala.coat import KAIZALA, ROOT, tenant_of
from tenantry.surfaces.operation import Ask, operations
from tenantry.surfaces.shared.long_answers import Stream

op = operations(KAIZALA, f"{ROOT}/groups")

_Flag = Annotated[bool, Meta(extra=wire.BLANK)]
_Text = Annotated[str, Meta(max_length=groups.MAX_TEXT)] | None


class Listing(Struct, rename="camel"):
    """What a list has besides names: sub-groups inside their groups, and welcome messages, which clients ask for in two
    spellings.
    """

    fetch_all_groups: _Flag = False
    show_detail: _Flag = False
    show_details: _Flag = False


class Group(Struct, rename="camel", kw_only=True):
    """A group as the caller sees it."""

    group_id: str
    group_name: str
    group_image_url: str
    group_type: str
    caller_role: str
    has_sub_groups: bool
    has_parent_groups: bool
    is_mapped_to_tenant: bool = True
    user_count: int
    unique_user_count: int
    current_level_user_count: int
    current_level_sub_group_count: int
    current_level_parent_group_count: int
    un_provisioned_user_count: int
    current_level_un_provisioned_user_count: int
    is_duplicate: bool = False
    is_editable: bool
    is_details_readable: bool = True
    welcome_message: str | UnsetType = UNSET
    sub_groups: list[Group] | UnsetType = UNSET


class Groups(Struct):
    """All groups."""

    groups: list[Group]


class OneGroup(Group, kw_only=True):
    """A group with its keys at the top level and in `groups`, since clients read either (Kaizala contract §6 #10)."""

    groups: list[Group]


class SentGroup(Struct, rename="camel", kw_only=True):
    """A group to make. `admins` may be phone numbers or user ids, since no source says which they are."""

    admins: wire.Texts | None = None
    name: Annotated[str, Meta(max_length=groups.MAX_NAME)]
    welcome_message: Annotated[str, Meta(max_length=groups.MAX_TEXT)]
    group_type: Annotated[str, Meta(max_length=64)] | None = None
    group_photo: _Text = None
    background_photo: _Text = None
    short_description: _Text = field(default=None, name="ShortDescriptionString")
    long_description: _Text = field(default=None, name="LongDescriptionString")
    members: wire.Texts | None = None
    member_user_ids: wire.Texts | None = None


class CreatedGroup(Struct, rename="camel"):
    """The new group. `membersAdded`: whether all could be added."""

    group_id: str
    group_name: str
    members_added: bool


@op("listGroups", "GET", "", Action.LIST_GROUPS, source="Kaizala contract §3.4, G2")
async def list_groups(ask: Ask, query: Listing) -> Groups | Stream:
    """List every group in reach.

    Departs: sub-groups in reach are listed without `fetchAllGroups` too, and counts are there without `showDetail`;
    clients read both, and more keys than a client expects do no harm.
    """
    details = query.show_detail or query.show_details
    with ask.deps.long_answers.begin(ask.caller, tenant_of(ask)) as place:
        pages = _pages(ask, nested=query.fetch_all_groups)
        shown_pages = ([shown(view, details=details) for view in page] async for page in pages)
        return await wire.whole_or_stream(Groups, shown_pages, place)


async def _pages(ask: Ask, *, nested: bool) -> AsyncIterator[list[GroupView]]:
    deps, caller, tenant_id = ask.deps, ask.caller, tenant_of(ask)
    found = GroupIds([], ("", ""))
    while found.next is not None:
        async with deps.store.read() as read:
            found = await group_views.list_group_ids(read, caller, tenant_id, after=found.next, now=deps.clock())
        for start in range(0, len(found.ids), group_views.PAGE):
            ids = found.ids[start : start + group_views.PAGE]
            async with deps.store.read() as read:
                views = await group_views.view_groups(read, caller, tenant_id, ids, with_sub_groups=nested)
            yield views  # outside the read: the client may take its time to receive it


@op("getGroup", "GET", "/{group_id}", Action.READ_GROUP, source="Kaizala contract §3.4, G3")
async def get_group(ask: Ask, group_id: GroupId) -> OneGroup:
    """Read one group."""
    async with ask.deps.store.read() as read:
        view = await group_views.get_group(read, ask.caller, tenant_of(ask), group_id, ask.now)
    group = shown(view, details=True)
    return OneGroup(**structs.asdict(group), groups=[group])


@op("createGroup", "POST", "", Action.CREATE_GROUP, source="Kaizala contract §3.4, G1")
async def create_group(ask: Ask, body: SentGroup) -> CreatedGroup:
    """Make a group. With a group token it becomes a sub-group of the token's group (Kaizala contract §1)."""
    deps, tenant_id, new_group = ask.deps, tenant_of(ask), _read(body)
    members.require_few(new_group.newcomers)
    first, *more = new_group.newcomers.parts()
    async with deps.bulk.turn(tenant_id), ask.writing() as tx:
        made = await groups.create_group(tx, ask.caller, tenant_id, replace(new_group, newcomers=first), ask.now)
    all_added = made.all_added
    for part in more:
        all_added = await _let_in(ask, made.group_id, part) and all_added
    return CreatedGroup(made.group_id, made.name, all_added)


async def _let_in(ask: Ask, group_id: GroupId, part: Newcomers) -> bool:
    """Let these people in. Answers whether all are in. The group is made already, so people whom the store cannot take
    now only show in the answer.
    """
    deps, tenant_id = ask.deps, tenant_of(ask)
    try:
        async with deps.bulk.turn(tenant_id), ask.writing() as tx:
            return await members.admit(tx, ask.caller, tenant_id, group_id, part, founder=None, now=deps.clock())
    except StoreBusy:
        return False


@op("deleteGroup", "DELETE", "/{group_id}", Action.DELETE_GROUP, source="Kaizala contract §6 #31")
async def delete_group(ask: Ask, group_id: GroupId) -> wire.Done:
    """Delete a group. It is an extension of this server: no source has such a request."""
    async with ask.writing() as tx:
        await group_deletion.delete_group(tx, ask.caller, tenant_of(ask), group_id, ask.now)
    return wire.Done()


def _read(body: SentGroup) -> NewGroup:
    """The new group. Raises InvalidValue."""
    admins = wire.read_texts(body.admins)
    return NewGroup(
        name=body.name.strip(),
        welcome_message=body.welcome_message,
        group_type=wire.read_group_type(body.group_type),
        image_url=body.group_photo,
        background_url=body.background_photo,
        short_description=body.short_description,
        long_description=body.long_description,
        newcomers=Newcomers(
            numbers=wire.read_texts(body.members),
            user_ids=tuple(wire.parse_id(text) or text for text in wire.read_texts(body.member_user_ids)),
            admin_numbers=tuple(text for text in admins if wire.parse_id(text) is None),
            admin_ids=tuple(found for text in admins if (found := wire.parse_id(text))),
        ),
    )


def shown(view: GroupView, *, details: bool) -> Group:
    """The group in the wire's shape. `details` adds the welcome message."""
    row = view.group
    return Group(
        group_id=row.id,
        group_name=row.name,
        group_image_url=row.image_url or "",
        group_type=wire.GROUP_TYPES[GroupType(row.group_type)],
        caller_role=wire.ROLES[GroupRole.ADMIN if view.acts_as_admin else GroupRole.MEMBER],
        has_sub_groups=row.sub_groups > 0,
        has_parent_groups=row.parents > 0,
        user_count=row.seats,
        unique_user_count=row.users,
        current_level_user_count=row.level_users,
        current_level_sub_group_count=row.sub_groups,
        current_level_parent_group_count=row.parents,
        un_provisioned_user_count=row.unprovisioned,
        current_level_un_provisioned_user_count=row.level_unprovisioned,
        is_editable=view.acts_as_admin,
        welcome_message=row.welcome_message if details else UNSET,
        sub_groups=UNSET if view.sub_groups is None else [shown(each, details=details) for each in view.sub_groups],
    )
