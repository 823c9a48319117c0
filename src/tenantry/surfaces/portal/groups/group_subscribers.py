"""The subscribers of a broadcasting group: an admin sees them, and takes one out. `letting_in.py` lets people in."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import decide
from tenantry.core.ids import GroupId, UserId
from tenantry.directory.group_lists import look_at_group
from tenantry.directory.invitations import count_ways_back
from tenantry.directory.subscribers import (
    get_subscriber,
    remove_subscriber,
    search_subscribers,
)
from tenantry.surfaces.portal.frame.forms import once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import SignedIn
from tenantry.surfaces.portal.frame.lists import address, next_address, position, searched
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.groups.group_invitations import way_back_words
from tenantry.surfaces.portal.groups.groups import PAGE
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/groups/{broadcast_id}/subscribers")
@performs(Action.LIST_GROUP_MEMBERS)
async def show_subscribers(
    request: Request, session: SignedIn, broadcast_id: GroupId, q: str = "", after: str = "", key: str = ""
) -> Response:
    """List subscribers. `q` is how a name begins. Queries: those of the session, and at most 14, however many there
    are.
    """
    caller, here = session.caller, session.here
    text = searched(q)
    async with reading(request) as (read, now):
        found = await search_subscribers(
            read, caller, here, broadcast_id, text=text, after=position(key, after), limit=PAGE, now=now
        )
        group = (await look_at_group(read, caller, here, broadcast_id, now)).facts
        managing = await decide(read, caller, Action.ADD_GROUP_MEMBERS, here, group_id=broadcast_id, now=now)
        sees_users = await decide(read, caller, Action.READ_USER, here, now=now)
    path = f"/groups/{broadcast_id}/subscribers"
    return render(
        request,
        "groups/group_subscribers.html",
        group=group,
        subscribers=found.members,
        q=text,
        first=address(path, q=text) if after else "",
        next=next_address(path, found.next, q=text),
        may_manage=managing.allowed,
        may_read_users=sees_users.allowed,
    )


@router.get("/groups/{broadcast_id}/subscribers/{subscriber_id}/remove")
@performs(Action.REMOVE_GROUP_MEMBER)
async def ask_remove(request: Request, session: SignedIn, broadcast_id: GroupId, subscriber_id: UserId) -> Response:
    """Show what the subscriber loses, before the subscriber is taken out."""
    caller, here = session.caller, session.here
    async with reading(request) as (read, now):
        subscriber = await get_subscriber(read, caller, here, broadcast_id, subscriber_id, now)
        group = (await look_at_group(read, caller, here, broadcast_id, now)).facts
        ways_back = await count_ways_back(read, caller, here, broadcast_id, subscriber_id, now)
    name = {"name": subscriber.display_name, "group": group.name}
    return ask(
        request,
        title=_("Remove %(name)s from the subscribers of %(group)s") % name,
        lead=subscriber.user_principal_name if subscriber.user_type != "guest" else "",
        consequences=[
            _("%(name)s no longer hears the group.") % name,
            *way_back_words(ways_back, subscriber.display_name),
        ],
        confirm=_("Remove subscriber"),
        undo=_("You can add the same person again at any time."),
        back=f"/groups/{broadcast_id}/subscribers",
    )


@router.post("/groups/{broadcast_id}/subscribers/{subscriber_id}/remove")
@performs(Action.REMOVE_GROUP_MEMBER)
async def remove(request: Request, session: SignedIn, broadcast_id: GroupId, subscriber_id: UserId) -> Response:
    """Take the subscriber out, and lead back to the list."""
    form, back = await read_form(request), f"/groups/{broadcast_id}/subscribers"
    async with once(request, session, form, back=back) as (tx, now):
        await remove_subscriber(tx, session.caller, session.here, broadcast_id, subscriber_id, now)
    return see_other(back)
