"""A user makes a group, at the top or below another one, or edits its name and welcome message."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.core.ids import GroupId
from tenantry.directory.group_lists import get_group_facts
from tenantry.directory.groups import GroupType, NewGroup, create_group, update_group
from tenantry.store.groups.group_lists import GroupFacts
from tenantry.surfaces.portal.frame.forms import WHOLE, Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.routing import performs

LONGEST_NAME = 256
LONGEST_TEXT = 4_000

router = APIRouter()


@router.get("/groups/new")
@performs(Action.CREATE_GROUP)
async def show_new(request: Request, session: SignedIn) -> Response:
    """Show the form for a new group. Every user may make one, and becomes its admin."""
    return await _new_page(request, session, None, draft_of(request))


@router.post("/groups/new")
@performs(Action.CREATE_GROUP)
async def create(request: Request, session: SignedIn) -> Response:
    """Make the group, and lead to its page."""
    return await _create(request, session, None)


@router.get("/groups/{group_id}/sub-groups/new")
@performs(Action.UPDATE_GROUP)
async def show_new_below(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Show the form for a new sub-group to admins of the group above."""
    return await _new_page(request, session, group_id, draft_of(request))


@router.post("/groups/{group_id}/sub-groups/new")
@performs(Action.UPDATE_GROUP)
async def create_below(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Make the sub-group, and lead to its page."""
    return await _create(request, session, group_id)


async def _create(request: Request, session: Session, parent_id: GroupId | None) -> Response:
    caller, here = session.caller, session.here
    form = await read_form(request)
    new_group = NewGroup(
        name=form.text("name", required=True, max_length=LONGEST_NAME),
        welcome_message=form.text("welcome_message", max_length=LONGEST_TEXT, several_lines=True),
        group_type=GroupType.CONNECT_GROUP if form.value("group_type") == "connect_group" else GroupType.GROUP,
    )
    group_id = ""
    if not form.errors:
        back = f"/groups/{parent_id}" if parent_id else "/groups"
        with form.showing_errors():
            async with once(request, session, form, back=back) as (tx, now):
                group_id = (await create_group(tx, caller, here, new_group, now, parent_id=parent_id)).group_id
    if not group_id:
        return await _new_page(request, session, parent_id, form)
    return see_other(f"/groups/{group_id}")


async def _new_page(request: Request, session: Session, parent_id: GroupId | None, form: Form) -> Response:
    caller, here = session.caller, session.here
    async with reading(request) as (read, now):
        await require(read, caller, Action.CREATE_GROUP, here, now=now)
        parent = None
        if parent_id is not None:
            parent = await get_group_facts(read, caller, here, parent_id, Action.UPDATE_GROUP, now)
        may_connect = (await decide(read, caller, Action.CREATE_CONNECT_GROUP, here, now=now)).allowed
    return render(request, "groups/group_form.html", form=form, group=None, parent=parent, may_connect=may_connect)


@router.get("/groups/{group_id}/edit")
@performs(Action.UPDATE_GROUP)
async def show_edit(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Show the name and the welcome message in a form."""
    return await _edit_page(request, session, group_id, draft_of(request))


@router.post("/groups/{group_id}/edit")
@performs(Action.UPDATE_GROUP)
async def edit(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Change name and welcome message, unless somebody else changed them since the form was shown."""
    caller, here = session.caller, session.here
    form = await read_form(request)
    name = form.text("name", required=True, max_length=LONGEST_NAME)
    welcome_message = form.text("welcome_message", max_length=LONGEST_TEXT, several_lines=True)
    if not form.errors:
        with form.showing_errors():
            async with writing(request) as (tx, now):
                group = await get_group_facts(tx, caller, here, group_id, Action.UPDATE_GROUP, now)
                if form.value("seen") != _seen(group):
                    form.fail(WHOLE, _("Somebody changed this group meanwhile. Look at the group again, then edit."))
                else:
                    await update_group(tx, caller, here, group_id, name=name, welcome_message=welcome_message, now=now)
    if form.errors:
        return await _edit_page(request, session, group_id, form)
    return see_other(f"/groups/{group_id}")


async def _edit_page(request: Request, session: Session, group_id: GroupId, form: Form) -> Response:
    async with reading(request) as (read, now):
        group = await get_group_facts(read, session.caller, session.here, group_id, Action.UPDATE_GROUP, now)
    seen = form.value("seen") or _seen(group)
    return render(request, "groups/group_form.html", form=form, group=group, parent=None, seen=seen)


def _seen(group: GroupFacts) -> str:
    """A digest of what the form showed. `updated_at` would not do, since it moves with every change of the members."""
    return hashlib.sha256(f"{group.name}\n{group.welcome_message}".encode()).hexdigest()[:16]
