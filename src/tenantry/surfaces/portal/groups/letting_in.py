"""An admin lets people into a group as members, or into a broadcasting group as subscribers: a few whom the admin
types, or many from a file. The addresses for members and for subscribers have the same pages.
"""
# ruff: noqa: FAST003 - `_into` reads what the paths name

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Request, Response

from tenantry.access.actions import Action, GroupRole
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import GroupId
from tenantry.directory.group_lists import get_group_facts
from tenantry.directory.letting_in import LetIn, let_in
from tenantry.directory.member_files import MOST_ROWS, PersonRow, read_people
from tenantry.directory.members import PART
from tenantry.directory.subscribers import get_broadcasting_group, let_subscribers_in
from tenantry.surfaces.portal.frame.files import read_in_turn
from tenantry.surfaces.portal.frame.forms import Form, draft_of, further_part, once, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

LINES = 100
FILE_LIMIT = 1024 * 1024
MEMBERS_EXAMPLE = "member,role\r\n+1 425 555 0100,admin\r\ndana@contoso.example,member\r\n"
SUBSCRIBERS_EXAMPLE = "member\r\n+1 425 555 0100\r\ndana@contoso.example\r\n"

router = APIRouter()


class _Into(NamedTuple):
    """The group that people are let into, and whether as members or as subscribers."""

    group_id: GroupId
    subscribers: bool

    @property
    def back(self) -> str:
        """The address of the page that lists these people."""
        return f"/groups/{self.group_id}/subscribers" if self.subscribers else f"/groups/{self.group_id}"


async def _into(request: Request) -> _Into:
    subscribers = "broadcast_id" in request.path_params
    return _Into(GroupId(request.path_params["broadcast_id" if subscribers else "group_id"]), subscribers)


Into = Annotated[_Into, Depends(_into)]


@router.get("/groups/{group_id}/members/add")
@router.get("/groups/{broadcast_id}/subscribers/add")
@performs(Action.ADD_GROUP_MEMBERS)
async def show_add(request: Request, session: SignedIn, into: Into) -> Response:
    """Show the form in which the admin types a few people."""
    return await _page(request, session, into, "groups/group_people_add.html", draft_of(request))


@router.post("/groups/{group_id}/members/add")
@router.post("/groups/{broadcast_id}/subscribers/add")
@performs(Action.ADD_GROUP_MEMBERS)
async def add(request: Request, session: SignedIn, into: Into) -> Response:
    """Let in all the people who were typed. When some of the lines are wrong, let in none and name those lines beside
    the field.
    """
    form = await read_form(request)
    lines = form.lines("people")
    role = GroupRole.ADMIN if form.value("role") == "admin" else GroupRole.MEMBER
    if not lines:
        form.fail("people", _("Please fill this in."))
    elif len(lines) > LINES:
        form.fail("people", _("At most %(count)d lines, please; a file holds more.") % {"count": LINES})
    if not form.errors:
        with form.showing_errors():
            rows = [PersonRow(number, who, role) for number, who in enumerate(lines, 1)]
            await _let_in(request, session, into, form, rows, whole=True)
            return see_other(into.back)
    return await _page(request, session, into, "groups/group_people_add.html", form)


@router.get("/groups/{group_id}/members/import")
@router.get("/groups/{broadcast_id}/subscribers/import")
@performs(Action.ADD_GROUP_MEMBERS)
async def show_import(request: Request, session: SignedIn, into: Into) -> Response:
    """Show what the file has to look like, with the form that takes it."""
    return await _page(request, session, into, "groups/group_people_import.html", draft_of(request))


@router.post("/groups/{group_id}/members/import")
@router.post("/groups/{broadcast_id}/subscribers/import")
@performs(Action.ADD_GROUP_MEMBERS)
async def import_file(request: Request, session: SignedIn, into: Into) -> Response:
    """Let in everybody whose row is right, and list the other rows with the reason."""
    form = await read_form(request, limit=FILE_LIMIT)
    done: LetIn | None = None
    ignored: list[str] = []
    raw = form.file("file")
    if raw:
        with form.showing_errors():
            file = await read_in_turn(deps_of(request), session.here, partial(read_people, raw))
            ignored = file.ignored
            done = await _let_in(request, session, into, form, file.rows, whole=False)
    return await _page(request, session, into, "groups/group_people_import.html", form, done, ignored)


async def _let_in(
    request: Request, session: Session, into: _Into, form: Form, rows: list[PersonRow], *, whole: bool
) -> LetIn:
    """Let the people of these rows in. `whole`: all of them or none; raises InvalidValue that names the rows which are
    wrong.

    Otherwise they come in PART by PART, admins first, so that somebody who stands in two rows gets the higher role.
    """
    caller, here = session.caller, session.here
    let = let_subscribers_in if into.subscribers else let_in
    if not whole and len(rows) > PART:
        rows = sorted(rows, key=lambda row: row.role is not GroupRole.ADMIN)
    first = len(rows) if whole else PART
    async with once(request, session, form, back=into.back) as (tx, now):
        done = await let(tx, caller, here, into.group_id, rows[:first], as_at_home=True, now=now)
        if whole and done.refused:
            wrong = "; ".join(f"{refused.row.who[:60]}: {_(refused.reason)}" for refused in done.refused[:5])
            raise InvalidValue(wrong, field="people")
    for start in range(first, len(rows), PART):
        async with further_part(request, session) as (tx, now):
            part = rows[start : start + PART]
            more = await let(tx, caller, here, into.group_id, part, as_at_home=True, now=now)
        done = LetIn(done.added + more.added, done.present + more.present, done.refused + more.refused)
    return done._replace(refused=sorted(done.refused, key=lambda refused: refused.row.number))


async def _page(
    request: Request,
    session: Session,
    into: _Into,
    template: str,
    form: Form,
    done: LetIn | None = None,
    ignored: Sequence[str] = (),
) -> Response:
    caller, here = session.caller, session.here
    async with reading(request) as (read, now):
        get = get_broadcasting_group if into.subscribers else get_group_facts
        group = await get(read, caller, here, into.group_id, Action.ADD_GROUP_MEMBERS, now)
    return render(
        request,
        template,
        form=form,
        group=group,
        done=done,
        ignored=ignored,
        most=MOST_ROWS,
        example=SUBSCRIBERS_EXAMPLE if into.subscribers else MEMBERS_EXAMPLE,
        subscribers=into.subscribers,
        back=into.back,
    )
