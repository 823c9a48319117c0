"""Groups: what of them a caller may see, and making one.

Reach (Kaizala contract §1, §6 #30): a user's grant reaches the groups the user is in; a tenant's every group; a group's
that group and what is below it. With the latter two the caller acts as admin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tenantry.access.actions import Action, GroupRole
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller, CallerKind, Reach
from tenantry.core.clock import Micros
from tenantry.core.errors import Forbidden, NotFound
from tenantry.core.ids import GroupId, TenantId, new_guid
from tenantry.core.names import read_name, read_text
from tenantry.directory.members import Newcomers, admit
from tenantry.outbox.changes import EventType, SubGroupChange, enqueue
from tenantry.store import group_links, groups
from tenantry.store.engine import Read, Tx
from tenantry.store.group_links import GroupLink
from tenantry.store.groups import GroupRow

MAX_NAME = 256
MAX_TEXT = 4_000


class GroupType(StrEnum):
    """Who hears whom (contract 1.2)."""

    GROUP = "group"
    CONNECT_GROUP = "connect_group"


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as the caller sees it. `sub_groups`: its direct ones within the caller's reach; None: not asked for."""

    group: GroupRow
    acts_as_admin: bool
    sub_groups: tuple[GroupView, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGroup:
    """What a new group is to be."""

    name: str
    welcome_message: str = ""
    group_type: GroupType = GroupType.GROUP
    image_url: str | None = None
    background_url: str | None = None
    short_description: str | None = None
    long_description: str | None = None
    newcomers: Newcomers = field(default_factory=Newcomers)


@dataclass(frozen=True, slots=True)
class CreatedGroup:
    """`all_added`: every one of the newcomers is in it."""

    group_id: GroupId
    name: str
    all_added: bool


async def list_groups(
    read: Read, caller: Caller, tenant_id: TenantId, *, with_sub_groups: bool = False, now: Micros
) -> list[GroupView]:
    """Every group in the caller's reach, by name. Queries: those of the decision, and 1, or 2 with sub-groups."""
    await require(read, caller, Action.LIST_GROUPS, tenant_id, now=now)
    everything = caller.reach is Reach.TENANT or caller.kind is CallerKind.OPERATOR
    of_user_id = "" if everything or caller.reach is Reach.GROUP else caller.user_id or ""
    group_id = "" if everything else caller.group_id or ""
    rows = await groups.list_reached(
        read,
        tenant_id,
        asking_user_id=caller.user_id or "",
        all_groups=everything,
        of_user_id=of_user_id,
        group_id=group_id,
        descendants=bool(group_id),
    )
    views = {row.id: _view(row, caller) for row in rows}
    if not with_sub_groups:
        return list(views.values())
    links = await group_links.list_below(
        read, tenant_id, all_groups=everything, of_user_id=of_user_id, group_id=group_id
    )
    return _nest(views, links)


async def get_group(read: Read, caller: Caller, tenant_id: TenantId, group_id: GroupId, now: Micros) -> GroupView:
    """One group, with its direct sub-groups. Raises NotFound("group"), Forbidden outside the caller's reach."""
    await require(read, caller, Action.READ_GROUP, tenant_id, group_id=group_id, now=now)
    rows = await groups.list_reached(
        read, tenant_id, asking_user_id=caller.user_id or "", group_id=group_id, descendants=True
    )
    links = await group_links.list_below(read, tenant_id, group_id=group_id)
    visible = {row.id: _view(row, caller) for row in rows if row.id == group_id or _may_see(row, caller)}
    for view in _nest(visible, links):
        if view.group.id == group_id:
            return view
    raise NotFound("group")


async def create_group(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    new_group: NewGroup,
    now: Micros,
    *,
    parent_id: GroupId | None = None,
) -> CreatedGroup:
    """Make a group; the caller's user is its admin. A group token makes a sub-group of its own group.

    `parent_id`: make it a sub-group of that one, as its admins may. Phone numbers and users that cannot be added are
    left out and show in `all_added`. Raises Forbidden for a ConnectGroup without tenant reach (contract §1) or, in the
    portal, without the role; InvalidValue; NotFound("group") when the parent is gone.
    """
    await require(tx, caller, Action.CREATE_GROUP, tenant_id, now=now)
    new_group = _checked(new_group)
    if new_group.group_type is GroupType.CONNECT_GROUP:
        await _require_connect_group(tx, caller, tenant_id, now)
    if caller.reach is Reach.GROUP:
        parent_id = caller.group_id
    elif parent_id is not None:
        await require(tx, caller, Action.UPDATE_GROUP, tenant_id, group_id=parent_id, now=now)
    if parent_id is not None and not await groups.lock(tx, tenant_id, parent_id, now):
        raise NotFound("group")
    group_id = GroupId(new_guid())
    await groups.insert(
        tx,
        tenant_id,
        group_id,
        name=new_group.name,
        welcome_message=new_group.welcome_message,
        group_type=new_group.group_type,
        image_url=new_group.image_url,
        background_url=new_group.background_url,
        short_description=new_group.short_description,
        long_description=new_group.long_description,
        created_by=caller.user_id,
        now=now,
    )
    created = events.GroupCreated(group_id=group_id, name=new_group.name, parent_id=parent_id)
    await record(tx, tenant_id, caller, created, now)
    if parent_id is not None:
        await group_links.insert(tx, tenant_id, parent_id, group_id, now)
        await enqueue(tx, tenant_id, caller, SubGroupChange(EventType.GROUP_ADDED, parent_id, group_id), now)
    all_added = await admit(tx, caller, tenant_id, group_id, new_group.newcomers, founder=caller.user_id, now=now)
    return CreatedGroup(group_id, new_group.name, all_added)


async def update_group(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    group_id: GroupId,
    *,
    name: str,
    welcome_message: str,
    now: Micros,
) -> None:
    """Set name and welcome message. Raises what `access.require` does; InvalidValue; NotFound("group")."""
    await require(tx, caller, Action.UPDATE_GROUP, tenant_id, group_id=group_id, now=now)
    name, welcome_message = _read_name(name), _read_welcome(welcome_message)
    if not await groups.update(tx, tenant_id, group_id, name=name, welcome_message=welcome_message, now=now):
        raise NotFound("group")
    await record(tx, tenant_id, caller, events.GroupUpdated(group_id=group_id, name=name), now)


async def _require_connect_group(read: Read, caller: Caller, tenant_id: TenantId, now: Micros) -> None:
    """Through a connector the reach decides, in the portal the user's role."""
    if caller.kind is CallerKind.USER and caller.connector_id is None:
        await require(read, caller, Action.CREATE_CONNECT_GROUP, tenant_id, now=now)
    elif caller.reach is not Reach.TENANT and caller.kind is not CallerKind.OPERATOR:
        raise Forbidden("A ConnectGroup needs a tenant-level user token.", reason="tenant_reach_missing")


def _checked(new: NewGroup) -> NewGroup:
    """With its texts as they are stored. Raises InvalidValue."""
    return replace(
        new,
        name=_read_name(new.name),
        welcome_message=_read_welcome(new.welcome_message),
        short_description=_read_description(new.short_description, "short_description"),
        long_description=_read_description(new.long_description, "long_description"),
    )


def _read_description(text: str | None, field: str) -> str | None:
    return text and read_text(text, field=field, longest=MAX_TEXT, what="The description")


def _read_name(name: str) -> str:
    return read_name(name, field="name", longest=MAX_NAME, what="The name of the group")


def _read_welcome(text: str) -> str:
    return read_text(text, field="welcomeMessage", longest=MAX_TEXT, what="The welcome message")


def _view(row: GroupRow, caller: Caller) -> GroupView:
    above = caller.reach in (Reach.TENANT, Reach.GROUP) or caller.kind is CallerKind.OPERATOR
    return GroupView(row, above or row.own_role == GroupRole.ADMIN)


def _may_see(row: GroupRow, caller: Caller) -> bool:
    return caller.reach is not Reach.USER or row.own_role in (GroupRole.ADMIN, GroupRole.MEMBER)


def _nest(views: dict[GroupId, GroupView], links: Sequence[GroupLink]) -> list[GroupView]:
    """Give each view its direct sub-groups, which have none themselves, so that a ring cannot nest for ever."""
    children: defaultdict[GroupId, list[GroupView]] = defaultdict(list)
    for link in links:
        if link.parent_id in views and link.child_id in views:
            children[link.parent_id].append(views[link.child_id])
    return [GroupView(view.group, view.acts_as_admin, tuple(children[view.group.id])) for view in views.values()]
