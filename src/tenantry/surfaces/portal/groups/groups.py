"""The list of groups, which the database searches, and one group with the people in it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import decide
from tenantry.core.ids import GroupId
from tenantry.directory.group_lists import COUNTED, look_at_group, search_groups, search_members
from tenantry.directory.group_oversight import list_overseers
from tenantry.directory.groups import GroupType
from tenantry.surfaces.portal.frame.frame import render
from tenantry.surfaces.portal.frame.guard import SignedIn
from tenantry.surfaces.portal.frame.lists import address, next_address, position, searched
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.routing import performs

PAGE = 50

router = APIRouter()


@router.get("/groups")
@performs(Action.LIST_GROUPS)
async def show_groups(
    request: Request, session: SignedIn, q: str = "", show: str = "", after: str = "", key: str = ""
) -> Response:
    """List the user's own groups; or, unless `show=mine`, all groups to whoever may see them. `q` is how a name begins.

    Queries: those of the session, and at most 4, whatever the list holds.
    """
    caller, here = session.caller, session.here
    text = searched(q)
    async with reading(request) as (read, now):
        sees_all = (await decide(read, caller, Action.LIST_ALL_GROUPS, here, now=now)).allowed
        everyones = sees_all and show != "mine"
        found = await search_groups(
            read, caller, here, text=text, everyones=everyones, after=position(key, after), limit=PAGE, now=now
        )
        may_create = (await decide(read, caller, Action.CREATE_GROUP, here, now=now)).allowed
    search = {"show": "" if everyones else "mine", "q": text}
    return render(
        request,
        "groups/groups.html",
        groups=found.groups,
        most=COUNTED,
        q=text,
        show="all" if everyones else "mine",
        sees_all=sees_all,
        may_create=may_create,
        first=address("/groups", **search) if after else "",
        next=next_address("/groups", found.next, **search),
        type_name=type_name,
        role_word=role_word,
    )


def type_name(group_type: str) -> str:
    """What pages call this type of group."""
    return _("Broadcast (ConnectGroup)") if group_type == GroupType.CONNECT_GROUP else _("Group")


def role_word(role: str | None) -> str:
    """`admin` or `member`, in the visitor's language; empty for somebody who is not in the group."""
    words = {"admin": _("admin"), "member": _("member"), "subscriber": _("subscriber")}
    return words.get(role or "", "")


@router.get("/groups/{group_id}")
@performs(Action.READ_GROUP)
async def show_group(
    request: Request, session: SignedIn, group_id: GroupId, q: str = "", after: str = "", key: str = ""
) -> Response:
    """Show one group. `q` is how a member's name begins. Queries: those of the session, and at most 30, however many
    people are in it.
    """
    caller, here = session.caller, session.here
    text = searched(q)
    async with reading(request) as (read, now):
        picture = await look_at_group(read, caller, here, group_id, now)
        may = {
            action.value: (await decide(read, caller, action, here, group_id=group_id, now=now)).allowed
            for action in (
                Action.UPDATE_GROUP,
                Action.DELETE_GROUP,
                Action.ADD_GROUP_MEMBERS,
                Action.INVITE_TO_GROUP,
                Action.GRANT_CONNECTOR_GROUP,
                Action.READ_WEBHOOKS,
            )
        } | {
            action.value: (await decide(read, caller, action, here, now=now)).allowed
            for action in (Action.READ_USER, Action.CREATE_GROUP)
        }
        overseers = await list_overseers(read, caller, here, group_id, now) if may[Action.UPDATE_GROUP.value] else []
        found = await search_members(
            read, caller, here, group_id, text=text, after=position(key, after), limit=PAGE, now=now
        )
    path = f"/groups/{group_id}"
    return render(
        request,
        "groups/group.html",
        group=picture.facts,
        most=COUNTED,
        parents=picture.parents,
        sub_groups=picture.sub_groups,
        overseers=overseers,
        joined=picture.joined,
        members=found.members,
        q=text,
        first=address(path, q=text) if after else "",
        next=next_address(path, found.next, q=text),
        broadcasts=picture.facts.group_type == GroupType.CONNECT_GROUP,
        may=may,
        type_name=type_name,
        role_word=role_word,
    )
