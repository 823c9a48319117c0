"""An admin deletes a group, sees the deleted groups for a time, and restores one."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.core.ids import GroupId
from tenantry.directory.group_deletion import (
    COUNTED,
    delete_group,
    get_deleted_group,
    list_deleted_groups,
    look_at_end,
    restore_group,
)
from tenantry.directory.group_lists import look_at_group
from tenantry.directory.users import RESTORABLE
from tenantry.store.groups.deleted_groups import WhatEnds
from tenantry.surfaces.portal.frame.forms import once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.texts import day, ngettext, up_to
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.routing import performs

SHOWN = 200

router = APIRouter()


@router.get("/groups/deleted")
@performs(Action.LIST_GROUPS)
async def show_deleted(request: Request, session: SignedIn) -> Response:
    """List the groups that were deleted last and that the visitor may restore."""
    async with reading(request) as (read, now):
        found = await list_deleted_groups(read, session.caller, session.here, limit=SHOWN, now=now)
    return render(request, "groups/groups_deleted.html", groups=found, restorable=RESTORABLE)


@router.get("/groups/{group_id}/delete")
@performs(Action.DELETE_GROUP)
async def ask_delete(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Show what stops working, and until when the group can be restored, before it is deleted."""
    caller, here = session.caller, session.here
    async with reading(request) as (read, now):
        ends = await look_at_end(read, caller, here, group_id, now)
        group = (await look_at_group(read, caller, here, group_id, now)).facts
    return ask(
        request,
        title=_("Delete %(name)s") % {"name": group.name},
        consequences=[
            *_consequences(ends),
            _("Until %(day)s the group can be restored, with who is in it and its sub-groups.")
            % {"day": day(now + RESTORABLE)},
            _("Tokens, invite links and webhooks do not come back with it."),
        ],
        confirm=_("Delete this group"),
        back=f"/groups/{group_id}",
    )


def _consequences(ends: WhatEnds) -> list[str]:
    people = ngettext(
        "%(count)s person no longer hears or sees the group.",
        "%(count)s people no longer hear or see the group.",
        ends.people,
    )
    tokens = ngettext(
        "%(count)s token for this group is revoked: the app that holds it stops working.",
        "%(count)s tokens for this group are revoked: the apps that hold them stop working.",
        ends.tokens,
    )
    below = ngettext(
        "%(count)s sub-group stays, on its own. Tokens for the groups above no longer reach it through this one.",
        "%(count)s sub-groups stay, on their own. Tokens for the groups above no longer reach them through this one.",
        ends.sub_groups,
    )
    links = ngettext("%(count)s invite link ends.", "%(count)s invite links end.", ends.links)
    hooks = ngettext(
        "%(count)s webhook of this group is deleted.", "%(count)s webhooks of this group are deleted.", ends.webhooks
    )
    said = [
        (people, ends.people),
        (tokens, ends.tokens),
        (below, ends.sub_groups),
        (links, ends.links),
        (hooks, ends.webhooks),
    ]
    return [
        *(text % {"count": up_to(count, COUNTED)} for text, count in said if count),
        _("Other tokens that reach it, of users and of the organisation, go on without it."),
    ]


@router.post("/groups/{group_id}/delete")
@performs(Action.DELETE_GROUP)
async def delete(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Delete the group, and lead to the deleted groups, where it can be restored."""
    form = await read_form(request)
    async with once(request, session, form, back="/groups/deleted") as (tx, now):
        await delete_group(tx, session.caller, session.here, group_id, now)
    return see_other("/groups/deleted")


@router.get("/groups/{group_id}/restore")
@performs(Action.RESTORE_GROUP)
async def ask_restore(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Show what comes back with the group and what does not, before it is restored."""
    async with reading(request) as (read, now):
        group = await get_deleted_group(read, session.caller, session.here, group_id, now)
    return ask(
        request,
        title=_("Restore %(name)s") % {"name": group.name},
        consequences=[
            _("Whoever was in the group is in it again, as before."),
            _("It stands again below the groups it was part of, and above its sub-groups."),
            _("Tokens for the group stay revoked, and invite links and webhooks are gone. Make new ones where needed."),
        ],
        confirm=_("Restore this group"),
        undo=_("You can delete the group again at any time."),
        back="/groups/deleted",
    )


@router.post("/groups/{group_id}/restore")
@performs(Action.RESTORE_GROUP)
async def restore(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Restore the group, and lead to its page."""
    form, back = await read_form(request), f"/groups/{group_id}"
    async with once(request, session, form, back=back) as (tx, now):
        await restore_group(tx, session.caller, session.here, group_id, now)
    return see_other(back)
