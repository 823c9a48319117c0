"""An admin makes a member an admin, an admin a member, or takes somebody out of a group. `letting_in.py` lets people
in.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action, GroupRole
from tenantry.core.ids import GroupId, UserId
from tenantry.directory.group_lists import get_member, look_at_group
from tenantry.directory.group_oversight import Remains, cut_remains, find_remains
from tenantry.directory.invitations import count_ways_back
from tenantry.directory.members import remove_member, set_role
from tenantry.store.groups.member_lists import ListedMember
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.portal.groups.group_invitations import way_back_words
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/groups/{group_id}/members/{user_id}/role")
@performs(Action.SET_GROUP_MEMBER_ROLE)
async def show_role(request: Request, session: SignedIn, group_id: GroupId, user_id: UserId) -> Response:
    """Show the two roles in a group, and what each of them may do."""
    return await _role_page(request, session, group_id, user_id, draft_of(request))


@router.post("/groups/{group_id}/members/{user_id}/role")
@performs(Action.SET_GROUP_MEMBER_ROLE)
async def change_role(request: Request, session: SignedIn, group_id: GroupId, user_id: UserId) -> Response:
    """Give the person the chosen role. The last admin stays one, and the page says so."""
    form = await read_form(request)
    if form.value("role") not in (GroupRole.ADMIN, GroupRole.MEMBER):
        form.fail("role", _("Choose a role."))
    if not form.errors:
        with form.showing_errors():
            async with writing(request) as (tx, now):
                if form.checked("also") and form.value("role") == GroupRole.MEMBER:
                    await cut_remains(tx, session.caller, session.here, group_id, user_id, now)
                await set_role(tx, session.caller, session.here, group_id, user_id, GroupRole(form.value("role")), now)
            return see_other(f"/groups/{group_id}")
    return await _role_page(request, session, group_id, user_id, form)


async def _role_page(request: Request, session: Session, group_id: GroupId, user_id: UserId, form: Form) -> Response:
    async with reading(request) as (read, now):
        member = await get_member(
            read, session.caller, session.here, group_id, user_id, Action.SET_GROUP_MEMBER_ROLE, now
        )
        group = (await look_at_group(read, session.caller, session.here, group_id, now)).facts
        remains = await find_remains(read, session.caller, session.here, group_id, user_id, now)
    also, items = _words(remains, member) if member.role == GroupRole.ADMIN else ("", [])
    return render(
        request, "groups/group_member_role.html", form=form, group=group, member=member, also=also, items=items
    )


@router.get("/groups/{group_id}/members/{user_id}/remove")
@performs(Action.REMOVE_GROUP_MEMBER)
async def ask_remove(request: Request, session: SignedIn, group_id: GroupId, user_id: UserId) -> Response:
    """Show what the person loses, before the person is taken out."""
    return await _remove_page(request, session, group_id, user_id, Form())


@router.post("/groups/{group_id}/members/{user_id}/remove")
@performs(Action.REMOVE_GROUP_MEMBER)
async def remove(request: Request, session: SignedIn, group_id: GroupId, user_id: UserId) -> Response:
    """Take the person out, and lead to the group's page; or to the list of groups for visitors who took out
    themselves.
    """
    form = await read_form(request)
    back = f"/groups/{group_id}"
    with form.showing_errors():
        async with once(request, session, form, back=back) as (tx, now):
            if form.checked("also"):  # before the removal: admins who take themselves out may not do it afterwards
                await cut_remains(tx, session.caller, session.here, group_id, user_id, now)
            await remove_member(tx, session.caller, session.here, group_id, user_id, now)
        return see_other("/groups" if user_id == session.user_id else back)
    return await _remove_page(request, session, group_id, user_id, form)


async def _remove_page(request: Request, session: Session, group_id: GroupId, user_id: UserId, form: Form) -> Response:
    async with reading(request) as (read, now):
        member = await get_member(
            read, session.caller, session.here, group_id, user_id, Action.REMOVE_GROUP_MEMBER, now
        )
        group = (await look_at_group(read, session.caller, session.here, group_id, now)).facts
        remains = await find_remains(read, session.caller, session.here, group_id, user_id, now)
        ways_back = await count_ways_back(read, session.caller, session.here, group_id, user_id, now)
    also, items = _words(remains, member)
    name = {"name": member.display_name, "group": group.name}
    consequences = [_("%(name)s no longer hears or sees the group.") % name]
    consequences += way_back_words(ways_back, member.display_name)
    if member.role == GroupRole.ADMIN:
        consequences.append(_("Tokens that %(name)s gave to apps no longer reach this group.") % name)
    return ask(
        request,
        title=_("Remove %(name)s from %(group)s") % name,
        lead=member.user_principal_name if member.user_type != "guest" else "",
        consequences=consequences,
        confirm=_("Remove from the group"),
        undo=_("You can add the same person again at any time."),
        back=f"/groups/{group_id}",
        form=form,
        also=also,
        items=items,
    )


def _words(remains: Remains, member: ListedMember) -> tuple[str, list[str]]:
    """The question whether to end what would still reach the group through the person, and sentences that name it;
    empty when there is nothing of the kind.
    """
    words = _(
        "%(name)s administers %(parent)s or what is above it, or gave a token for it: the group is taken out of it."
    )
    items = [words % {"parent": parent.name, "name": member.display_name} for parent in remains.parents]
    for found, one, more in (
        (remains.tokens, _("%(count)s token for this group."), _("%(count)s tokens for this group.")),
        (remains.invitations, _("%(count)s invite link."), _("%(count)s invite links.")),
        (remains.webhooks, _("%(count)s webhook."), _("%(count)s webhooks.")),
    ):
        if found:
            items.append((one if len(found) == 1 else more) % {"count": len(found)})
    if not items:
        return "", []
    return _("End what still reaches the group through %(name)s") % {"name": member.display_name}, items
