"""An admin puts an existing group below another one as its sub-group, and takes it out again. `group_changes.py` makes
new sub-groups.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import decide
from tenantry.core.ids import GroupId
from tenantry.directory.group_links import link_group, search_linkable, unlink_group
from tenantry.directory.group_lists import look_at_group
from tenantry.directory.group_oversight import look_at_link
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.lists import searched
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.routing import performs

CHOICES = 20

router = APIRouter()


@router.get("/groups/{group_id}/sub-groups/add")
@performs(Action.UPDATE_GROUP)
async def show_choices(request: Request, session: SignedIn, group_id: GroupId, q: str = "") -> Response:
    """List the groups that the visitor administers and that may stand below this one. `q` is how a name begins."""
    return await _page(request, session, group_id, draft_of(request), q)


@router.post("/groups/{group_id}/sub-groups/add")
@performs(Action.UPDATE_GROUP)
async def link(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Put the chosen group below this one. The page refuses above the list what would make a ring of groups."""
    form = await read_form(request)
    child_id = GroupId(form.text("child_id", max_length=64))
    if not child_id:
        form.fail("child_id", _("Choose a group."))
    if not form.errors:
        with form.showing_errors():
            async with once(request, session, form, back=f"/groups/{group_id}") as (tx, now):
                await link_group(tx, session.caller, session.here, group_id, child_id, now)
            return see_other(f"/groups/{group_id}")
    return await _page(request, session, group_id, form, form.value("q"))


async def _page(request: Request, session: Session, group_id: GroupId, form: Form, q: str) -> Response:
    caller, here = session.caller, session.here
    text = searched(q)
    async with reading(request) as (read, now):
        found = await search_linkable(read, caller, here, group_id, text=text, limit=CHOICES + 1, now=now)
        group = (await look_at_group(read, caller, here, group_id, now)).facts
    return render(
        request,
        "groups/group_link.html",
        form=form,
        group=group,
        choices=found[:CHOICES],
        has_more=len(found) > CHOICES,
        q=text,
    )


@router.get("/groups/{group_id}/sub-groups/{child_id}/unlink")
@performs(Action.UPDATE_GROUP)
async def ask_unlink(request: Request, session: SignedIn, group_id: GroupId, child_id: GroupId) -> Response:
    """Show to the admins of either group what no longer reaches the sub-group, before it is taken out."""
    async with reading(request) as (read, now):
        link, is_parents = await look_at_link(read, session.caller, session.here, group_id, child_id, now)
    names = link._asdict()
    return ask(
        request,
        title=_("Take %(child)s out of %(parent)s") % names,
        consequences=[
            _("Tokens for %(parent)s, and for the groups above it, no longer reach %(child)s through it.") % names,
            _("Both groups stay as they are, with whoever is in them."),
        ],
        confirm=_("Take the sub-group out"),
        undo=_("Who administers both groups can add it again at any time."),
        back=f"/groups/{group_id if is_parents else child_id}",
    )


@router.post("/groups/{group_id}/sub-groups/{child_id}/unlink")
@performs(Action.UPDATE_GROUP)
async def unlink(request: Request, session: SignedIn, group_id: GroupId, child_id: GroupId) -> Response:
    """Take the sub-group out, and lead back to the group above; or to the sub-group, when the visitor may not see the
    one above.
    """
    form, caller, here = await read_form(request), session.caller, session.here
    async with reading(request) as (read, now):
        is_parents = (await decide(read, caller, Action.UPDATE_GROUP, here, group_id=group_id, now=now)).allowed
    back = f"/groups/{group_id if is_parents else child_id}"
    async with once(request, session, form, back=back) as (tx, now):
        await unlink_group(tx, caller, here, group_id, child_id, now)
    return see_other(back)
