"""Who is in a group: added by phone number or sign-in name or from a file, made admin or member, taken out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action, GroupRole
from tenantry.access.decide import require
from tenantry.core.errors import InvalidValue
from tenantry.core.ids import GroupId, UserId
from tenantry.directory.group_lists import get_member, look_at_group
from tenantry.directory.letting_in import LetIn, let_in
from tenantry.directory.member_files import MOST_ROWS, PersonRow, read_people
from tenantry.directory.members import remove_member, set_role
from tenantry.directory.tenants import get_tenant
from tenantry.surfaces.portal.forms import Form, claim_form, draft_of, read_form
from tenantry.surfaces.portal.frame import render, see_other
from tenantry.surfaces.portal.guard import Session, SignedIn
from tenantry.surfaces.portal.texts import gettext as _
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

LINES = 100
FILE_LIMIT = 1024 * 1024
EXAMPLE = "member,role\r\n+1 425 555 0100,admin\r\ndana@contoso.example,member\r\n"

router = APIRouter()


@router.get("/groups/{group_id}/members/add")
@performs(Action.ADD_GROUP_MEMBERS)
async def show_add(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """A few people, typed."""
    return await _page(request, session, group_id, "group_members_add.html", draft_of(request), 200)


@router.post("/groups/{group_id}/members/add")
@performs(Action.ADD_GROUP_MEMBERS)
async def add(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """All of them or, with the lines that are wrong beside the field, none."""
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
            await _let_in(request, session, group_id, form, rows, whole=True)
    if form.errors:
        return await _page(request, session, group_id, "group_members_add.html", form, 422)
    return see_other(f"/groups/{group_id}")


@router.get("/groups/{group_id}/members/import")
@performs(Action.ADD_GROUP_MEMBERS)
async def show_import(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """What the file looks like."""
    return await _page(request, session, group_id, "group_members_import.html", draft_of(request), 200)


@router.post("/groups/{group_id}/members/import")
@performs(Action.ADD_GROUP_MEMBERS)
async def import_file(request: Request, session: SignedIn, group_id: GroupId) -> Response:
    """Everybody whose row is right; the others are listed with the reason."""
    form = await read_form(request, limit=FILE_LIMIT)
    raw = form.files.get("file", b"")
    done: LetIn | None = None
    if not raw:
        form.fail("file", _("Choose a file."))
    else:
        form.values["file"] = []  # so that what is wrong with it is said beside it
        with form.showing_errors():
            done = await _let_in(request, session, group_id, form, read_people(raw), whole=False)
    status = 200 if done else 422
    return await _page(request, session, group_id, "group_members_import.html", form, status, done)


async def _let_in(
    request: Request, session: Session, group_id: GroupId, form: Form, rows: list[PersonRow], *, whole: bool
) -> LetIn:
    """`whole`: all of the rows or none; raises InvalidValue that names those which are wrong."""
    deps, now = deps_of(request), deps_of(request).clock()
    caller, here = session.caller, session.here
    async with deps.store.write() as tx:
        await claim_form(tx, deps.hasher, here, form, back=f"/groups/{group_id}", now=now)
        country = (await get_tenant(tx, here)).country
        done = await let_in(tx, caller, here, group_id, rows, country=country, now=now)
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
        group = (await look_at_group(read, session.caller, session.here, group_id, now)).facts
    return render(
        request, template, status, form=form, group=group, done=done, most=MOST_ROWS, example=EXAMPLE, subscribers=False
    )


@router.get("/groups/{group_id}/members/{user_id}/role")
@performs(Action.SET_GROUP_MEMBER_ROLE)
async def show_role(request: Request, session: SignedIn, group_id: GroupId, user_id: UserId) -> Response:
    """Admin or member, and what each may do."""
    return await _role_page(request, session, group_id, user_id, draft_of(request), 200)


@router.post("/groups/{group_id}/members/{user_id}/role")
@performs(Action.SET_GROUP_MEMBER_ROLE)
async def change_role(request: Request, session: SignedIn, group_id: GroupId, user_id: UserId) -> Response:
    """The last admin stays one, and the page says so."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    if form.value("role") not in (GroupRole.ADMIN, GroupRole.MEMBER):
        form.fail("role", _("Choose a role."))
    if not form.errors:
        with form.showing_errors():
            async with deps.store.write() as tx:
                await set_role(tx, session.caller, session.here, group_id, user_id, GroupRole(form.value("role")), now)
    if form.errors:
        return await _role_page(request, session, group_id, user_id, form, 422)
    return see_other(f"/groups/{group_id}")


async def _role_page(
    request: Request, session: Session, group_id: GroupId, user_id: UserId, form: Form, status: int
) -> Response:
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        member = await get_member(
            read, session.caller, session.here, group_id, user_id, Action.SET_GROUP_MEMBER_ROLE, now
        )
        group = (await look_at_group(read, session.caller, session.here, group_id, now)).facts
    return render(request, "group_member_role.html", status, form=form, group=group, member=member)


@router.get("/groups/{group_id}/members/{user_id}/remove")
@performs(Action.REMOVE_GROUP_MEMBER)
async def ask_remove(request: Request, session: SignedIn, group_id: GroupId, user_id: UserId) -> Response:
    """What the person loses."""
    return await _remove_page(request, session, group_id, user_id, Form(), 200)


@router.post("/groups/{group_id}/members/{user_id}/remove")
@performs(Action.REMOVE_GROUP_MEMBER)
async def remove(request: Request, session: SignedIn, group_id: GroupId, user_id: UserId) -> Response:
    """To the group's page, or to the list for who took out itself."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    back = f"/groups/{group_id}"
    with form.showing_errors():
        async with deps.store.write() as tx:
            await claim_form(tx, deps.hasher, session.here, form, back=back, now=now)
            await remove_member(tx, session.caller, session.here, group_id, user_id, now)
    if form.errors:
        return await _remove_page(request, session, group_id, user_id, form, 422)
    return see_other("/groups" if user_id == session.user_id else back)


async def _remove_page(
    request: Request, session: Session, group_id: GroupId, user_id: UserId, form: Form, status: int
) -> Response:
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        member = await get_member(
            read, session.caller, session.here, group_id, user_id, Action.REMOVE_GROUP_MEMBER, now
        )
        group = (await look_at_group(read, session.caller, session.here, group_id, now)).facts
    name = {"name": member.display_name, "group": group.name}
    consequences = [_("%(name)s no longer hears or sees the group.") % name]
    if member.role == GroupRole.ADMIN:
        consequences.append(_("Tokens that %(name)s gave to apps no longer reach this group.") % name)
    return render(
        request,
        "danger.html",
        status,
        title=_("Remove %(name)s from %(group)s") % name,
        lead=member.user_principal_name if member.user_type != "guest" else "",
        consequences=consequences,
        confirm=_("Remove from the group"),
        undo=_("You can add the same person again at any time."),
        back=f"/groups/{group_id}",
        form=form,
    )
