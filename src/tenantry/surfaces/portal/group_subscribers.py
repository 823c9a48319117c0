"""Who hears a broadcasting group: listed, added by number or sign-in name or from a file, taken out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import decide, require
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import GroupId, UserId
from tenantry.directory.group_lists import look_at_group
from tenantry.directory.letting_in import LetIn
from tenantry.directory.member_files import MOST_ROWS, PersonRow, read_people
from tenantry.directory.subscribers import (
    get_subscriber,
    let_subscribers_in,
    remove_subscriber,
    require_broadcasting,
    search_subscribers,
)
from tenantry.directory.tenants import get_tenant
from tenantry.surfaces.portal.forms import Form, claim_form, draft_of, read_form
from tenantry.surfaces.portal.frame import render, see_other
from tenantry.surfaces.portal.group_members import FILE_LIMIT, LINES
from tenantry.surfaces.portal.groups import PAGE, address, next_address, position
from tenantry.surfaces.portal.guard import Session, SignedIn
from tenantry.surfaces.portal.texts import gettext as _
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

EXAMPLE = "member\r\n+1 425 555 0100\r\ndana@contoso.example\r\n"

router = APIRouter()


@router.get("/groups/{broadcast_id}/subscribers")
@performs(Action.LIST_GROUP_MEMBERS)
async def show_subscribers(
    request: Request, session: SignedIn, broadcast_id: GroupId, q: str = "", after: str = "", key: str = ""
) -> Response:
    """Queries: those of the session, and at most 14, however many there are. `q` begins a name."""
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    text = q.strip()[:128] if is_clean(q) else ""
    async with deps.store.read() as read:
        found = await search_subscribers(
            read, caller, here, broadcast_id, text=text, after=position(key, after), limit=PAGE, now=now
        )
        group = (await look_at_group(read, caller, here, broadcast_id, now)).facts
        managing = await decide(read, caller, Action.ADD_GROUP_MEMBERS, here, group_id=broadcast_id, now=now)
        sees_users = await decide(read, caller, Action.READ_USER, here, now=now)
    path = f"/groups/{broadcast_id}/subscribers"
    return render(
        request,
        "group_subscribers.html",
        group=group,
        subscribers=found.members,
        q=text,
        first=address(path, q=text) if after else "",
        next=next_address(path, found.next, q=text),
        may_manage=managing.allowed,
        may_read_users=sees_users.allowed,
    )


@router.get("/groups/{broadcast_id}/subscribers/add")
@performs(Action.ADD_GROUP_MEMBERS)
async def show_add(request: Request, session: SignedIn, broadcast_id: GroupId) -> Response:
    """A few people, typed."""
    return await _page(request, session, broadcast_id, "group_subscribers_add.html", draft_of(request), 200)


@router.post("/groups/{broadcast_id}/subscribers/add")
@performs(Action.ADD_GROUP_MEMBERS)
async def add(request: Request, session: SignedIn, broadcast_id: GroupId) -> Response:
    """All of them or, with the lines that are wrong beside the field, none."""
    form = await read_form(request)
    lines = form.lines("people")
    if not lines:
        form.fail("people", _("Please fill this in."))
    elif len(lines) > LINES:
        form.fail("people", _("At most %(count)d lines, please; a file holds more.") % {"count": LINES})
    if not form.errors:
        with form.showing_errors():
            rows = [PersonRow(number, who, None) for number, who in enumerate(lines, 1)]
            await _let_in(request, session, broadcast_id, form, rows, whole=True)
    if form.errors:
        return await _page(request, session, broadcast_id, "group_subscribers_add.html", form, 422)
    return see_other(f"/groups/{broadcast_id}/subscribers")


@router.get("/groups/{broadcast_id}/subscribers/import")
@performs(Action.ADD_GROUP_MEMBERS)
async def show_import(request: Request, session: SignedIn, broadcast_id: GroupId) -> Response:
    """What the file looks like."""
    return await _page(request, session, broadcast_id, "group_members_import.html", draft_of(request), 200)


@router.post("/groups/{broadcast_id}/subscribers/import")
@performs(Action.ADD_GROUP_MEMBERS)
async def import_file(request: Request, session: SignedIn, broadcast_id: GroupId) -> Response:
    """Everybody whose row is right; the others are listed with the reason."""
    form = await read_form(request, limit=FILE_LIMIT)
    raw = form.files.get("file", b"")
    done: LetIn | None = None
    if not raw:
        form.fail("file", _("Choose a file."))
    else:
        form.values["file"] = []  # so that what is wrong with it is said beside it
        with form.showing_errors():
            done = await _let_in(request, session, broadcast_id, form, read_people(raw), whole=False)
    status = 200 if done else 422
    return await _page(request, session, broadcast_id, "group_members_import.html", form, status, done)


async def _let_in(
    request: Request, session: Session, group_id: GroupId, form: Form, rows: list[PersonRow], *, whole: bool
) -> LetIn:
    """`whole`: all of the rows or none; raises InvalidValue that names those which are wrong."""
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    async with deps.store.write() as tx:
        await claim_form(tx, deps.hasher, here, form, back=f"/groups/{group_id}/subscribers", now=now)
        country = (await get_tenant(tx, here)).country
        done = await let_subscribers_in(tx, caller, here, group_id, rows, country=country, now=now)
        if whole and done.refused:
            wrong = "; ".join(f"{refused.row.who[:60]}: {_(refused.reason)}" for refused in done.refused[:5])
            raise InvalidValue(wrong, field="people")
    return done


async def _page(
    request: Request,
    session: Session,
    group_id: GroupId,
    template: str,
    form: Form,
    status: int,
    done: LetIn | None = None,
) -> Response:
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        await require(read, session.caller, Action.ADD_GROUP_MEMBERS, session.here, group_id=group_id, now=now)
        await require_broadcasting(read, session.here, group_id)
        group = (await look_at_group(read, session.caller, session.here, group_id, now)).facts
    return render(
        request, template, status, form=form, group=group, done=done, most=MOST_ROWS, example=EXAMPLE, subscribers=True
    )


@router.get("/groups/{broadcast_id}/subscribers/{subscriber_id}/remove")
@performs(Action.REMOVE_GROUP_MEMBER)
async def ask_remove(request: Request, session: SignedIn, broadcast_id: GroupId, subscriber_id: UserId) -> Response:
    """What the person loses."""
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    async with deps.store.read() as read:
        subscriber = await get_subscriber(read, caller, here, broadcast_id, subscriber_id, now)
        group = (await look_at_group(read, caller, here, broadcast_id, now)).facts
    name = {"name": subscriber.display_name, "group": group.name}
    return render(
        request,
        "danger.html",
        title=_("Remove %(name)s from the subscribers of %(group)s") % name,
        lead=subscriber.user_principal_name if subscriber.user_type != "guest" else "",
        consequences=[_("%(name)s no longer hears the group.") % name],
        confirm=_("Remove subscriber"),
        undo=_("You can add the same person again at any time."),
        back=f"/groups/{broadcast_id}/subscribers",
        form=Form(),
    )


@router.post("/groups/{broadcast_id}/subscribers/{subscriber_id}/remove")
@performs(Action.REMOVE_GROUP_MEMBER)
async def remove(request: Request, session: SignedIn, broadcast_id: GroupId, subscriber_id: UserId) -> Response:
    """Back to the list."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    back = f"/groups/{broadcast_id}/subscribers"
    async with deps.store.write() as tx:
        await claim_form(tx, deps.hasher, session.here, form, back=back, now=now)
        await remove_subscriber(tx, session.caller, session.here, broadcast_id, subscriber_id, now)
    return see_other(back)
