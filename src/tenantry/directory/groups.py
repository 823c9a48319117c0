"""Makes groups, and changes their names and welcome messages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.core.caller import Caller, CallerKind, Reach
from tenantry.core.clock import Micros
from tenantry.core.errors import Forbidden, NotFound
from tenantry.core.ids import GroupId, TenantId, new_guid
from tenantry.core.names import read_name, read_text
from tenantry.directory.group_places import make_room
from tenantry.directory.members import Newcomers, admit
from tenantry.outbox.changes import EventType, SubGroupChange, enqueue
from tenantry.store.engine.interface import Read, Tx
from tenantry.store.groups import group_links, groups

MAX_NAME = 256
MAX_TEXT = 4_000


class GroupType(StrEnum):
    """Who hears whom (Kaizala contract §1.2)."""

    GROUP = "group"
    CONNECT_GROUP = "connect_group"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGroup:
    """What a new group is made from."""

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
    """The new group. `all_added`: all of the newcomers are in it."""

    group_id: GroupId
    name: str
    all_added: bool


async def create_group(
    tx: Tx,
    caller: Caller,
    tenant_id: TenantId,
    new_group: NewGroup,
    now: Micros,
    *,
    parent_id: GroupId | None = None,
) -> CreatedGroup:
    """Make a group, whose admin is the caller's user. With a group token it becomes a sub-group of the token's group.

    `parent_id`: make it a sub-group of that group, which its admins may. Phone numbers and users that cannot be added
    are left out, and `all_added` says so. Raises Forbidden for a ConnectGroup without tenant reach (Kaizala contract
    §1) or, in the portal, without the role; InvalidValue; NotFound("group") when the parent is gone; what `make_room`
    raises.
    """
    await require(tx, caller, Action.CREATE_GROUP, tenant_id, now=now)
    new_group = _checked(new_group)
    if new_group.group_type is GroupType.CONNECT_GROUP:
        await _require_connect_group(tx, caller, tenant_id, now)
    if caller.reach is Reach.GROUP:
        parent_id = caller.group_id
    elif parent_id is not None:
        await require(tx, caller, Action.UPDATE_GROUP, tenant_id, group_id=parent_id, now=now)
    if parent_id is not None:
        await make_room(tx, tenant_id, parent_id)
        if not await groups.lock(tx, tenant_id, parent_id, now):
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
    """Set the name and the welcome message. Raises what `access.require` does; InvalidValue; NotFound("group")."""
    await require(tx, caller, Action.UPDATE_GROUP, tenant_id, group_id=group_id, now=now)
    name, welcome_message = _read_name(name), _read_welcome(welcome_message)
    if not await groups.update(tx, tenant_id, group_id, name=name, welcome_message=welcome_message, now=now):
        raise NotFound("group")
    await record(tx, tenant_id, caller, events.GroupUpdated(group_id=group_id, name=name), now)


async def _require_connect_group(read: Read, caller: Caller, tenant_id: TenantId, now: Micros) -> None:
    """Raise Forbidden unless the caller may make a ConnectGroup: a connector needs a grant that reaches the tenant, a
    user in the portal needs a role.
    """
    if caller.is_in_person:
        await require(read, caller, Action.CREATE_CONNECT_GROUP, tenant_id, now=now)
    elif caller.reach is not Reach.TENANT and caller.kind is not CallerKind.OPERATOR:
        raise Forbidden("A ConnectGroup needs a tenant-level user token.", reason="tenant_reach_missing")


def _checked(new: NewGroup) -> NewGroup:
    """The new group with its texts as they are stored. Raises InvalidValue."""
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
