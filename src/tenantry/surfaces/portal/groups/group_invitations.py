"""An admin makes an invite link for a group, which is shown once, sees the live links, and ends one. `join.py` is where
a link leads.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.core.clock import DAY
from tenantry.core.errors import NotFound
from tenantry.core.ids import GroupId
from tenantry.directory.group_lists import look_at_group
from tenantry.directory.invitations import LIFETIMES, NewInvitation, end_invitation, invite, list_invitations
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.groups.groups import role_word
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.texts import ngettext
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/groups/{group_id}/invitations")
@performs(Action.INVITE_TO_GROUP)
async def show_invitations(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """List the live links of the group, without the addresses that they open with."""
    return await _page(request, session, group_id, draft_of(request))


@router.post("/groups/{group_id}/invitations")
@performs(Action.INVITE_TO_GROUP)
async def make(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Make a link, and show it this once."""
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    form = await read_form(request)
    days, path = form.text("lifetime", max_length=4), f"/groups/{group_id}/invitations"
    made: NewInvitation | None = None
    with form.showing_errors():
        async with once(request, session, form, back=f"/groups/{group_id}", again=path) as (tx, now):
            lifetime = int(days) * DAY if days.isdecimal() else 0
            made = await invite(tx, caller, deps.hasher, here, group_id, lifetime, now)
    if made is None:
        return await _page(request, session, group_id, form)
    async with deps.store.read() as read:
        group = (await look_at_group(read, caller, here, group_id, now)).facts
    link = f"{deps.settings.issuer}/join/{made.secret}"
    return render(request, "groups/group_invitation_created.html", group=group, link=link, until=made.expires_at)


async def _page(request: Request, session: Session, group_id: GroupId, form: Form) -> Response:
    caller, here = session.caller, session.here
    async with reading(request) as (read, now):
        found = await list_invitations(read, caller, here, group_id, now)
        group = (await look_at_group(read, caller, here, group_id, now)).facts
    lifetimes = [lifetime // DAY for lifetime in LIFETIMES]
    return render(
        request,
        "groups/group_invitations.html",
        form=form,
        group=group,
        invitations=found,
        lifetimes=[(str(days), ngettext("%(num)d day", "%(num)d days", days) % {"num": days}) for days in lifetimes],
        role_word=role_word,
    )


@router.get("/groups/{group_id}/invitations/{invitation_id}/end")
@performs(Action.INVITE_TO_GROUP)
async def ask_end(request: Request, session: SignedIn, group_id: GroupId, invitation_id: str) -> Response:
    """Ask whether the link shall end. People who joined by it stay in the group."""
    caller, here = session.caller, session.here
    async with reading(request) as (read, now):
        live = await list_invitations(read, caller, here, group_id, now)
        group = (await look_at_group(read, caller, here, group_id, now)).facts
    if invitation_id not in {invitation.id for invitation in live}:
        raise NotFound("invitation")
    return ask(
        request,
        title=_("End an invite link of %(group)s") % {"group": group.name},
        consequences=[
            _("Nobody can join by this link any more."),
            _("Whoever joined by it stays in the group."),
        ],
        confirm=_("End this link"),
        back=f"/groups/{group_id}/invitations",
    )


@router.post("/groups/{group_id}/invitations/{invitation_id}/end")
@performs(Action.INVITE_TO_GROUP)
async def end(request: Request, session: SignedIn, group_id: GroupId, invitation_id: str) -> Response:
    """End the link, and lead back to the list."""
    form, back = await read_form(request), f"/groups/{group_id}/invitations"
    async with once(request, session, form, back=back) as (tx, now):
        await end_invitation(tx, session.caller, session.here, group_id, invitation_id, now)
    return see_other(back)


def way_back_words(links: int, name: str) -> list[str]:
    """What to say to whoever takes `name` out of a group that `links` lead into; nothing where none does."""
    if not links:
        return []
    text = ngettext(
        "%(count)s invite link leads into the group. If %(name)s has it, end it on the group's page first.",
        "%(count)s invite links lead into the group. If %(name)s has one, end it on the group's page first.",
        links,
    )
    return [text % {"count": links, "name": name}]
