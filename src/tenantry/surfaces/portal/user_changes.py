"""What changes a user: made, edited, a new password, deleted and brought back, roles given and taken."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action, RoleId
from tenantry.access.decide import require
from tenantry.core.errors import NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.passwords import generate_password
from tenantry.directory.roles import assign_role, list_roles, remove_role
from tenantry.directory.user_search import find_any_user
from tenantry.directory.users import (
    RESTORABLE,
    NewUser,
    UserChanges,
    create_user,
    delete_user,
    get_user,
    restore_user,
    set_password,
    update_user,
)
from tenantry.store import tenants, user_facts
from tenantry.store.users import User
from tenantry.surfaces.portal.forms import WHOLE, Form, claim_form, draft_of, read_day, read_form
from tenantry.surfaces.portal.frame import render, see_other
from tenantry.surfaces.portal.guard import Session, SignedIn
from tenantry.surfaces.portal.role_words import role_name, role_texts
from tenantry.surfaces.portal.texts import day, ngettext
from tenantry.surfaces.portal.texts import gettext as _
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

FIELDS = (
    "user_principal_name",
    "display_name",
    "given_name",
    "family_name",
    "usage_location",
    "phone_number",
    "immutable_id",
)
COUNTED = 1000

router = APIRouter()


@router.get("/users/new")
@performs(Action.CREATE_USER)
async def show_new(request: Request, session: SignedIn) -> Response:
    """The form, for who may make users."""
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        await require(read, session.caller, Action.CREATE_USER, session.here, now=now)
    return await _user_form(request, session.here, draft_of(request), None, 200)


@router.post("/users/new")
@performs(Action.CREATE_USER)
async def create(request: Request, session: SignedIn) -> Response:
    """Makes the user; a password is generated and shown once, unless the user signs in elsewhere."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    values = {field: form.text(field) for field in FIELDS}
    password = "" if form.value("password_kind") == "none" else generate_password()
    made: User | None = None
    if not form.errors:
        with form.showing_errors():
            new_user = NewUser(**values)
            async with deps.store.read() as read:
                await require(read, session.caller, Action.CREATE_USER, session.here, now=now)
            password_hash = await deps.passwords.hash(password) if password else None
            async with deps.store.write() as tx:
                await claim_form(tx, deps.hasher, session.here, form, back="/users", now=now)
                made = await create_user(tx, session.caller, session.here, new_user, password_hash, True, now)
    if made is None:
        return await _user_form(request, session.here, form, None, 422)
    if not password:
        return see_other(f"/users/{made.id}")
    return _show_password(request, made, password, must_change=True, is_new=True)


@router.get("/users/{user_id}/edit")
@performs(Action.UPDATE_USER)
async def show_edit(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """What may be changed, as it is."""
    return await _user_form(request, session.here, draft_of(request), await _look(request, session, user_id), 200)


@router.post("/users/{user_id}/edit")
@performs(Action.UPDATE_USER)
async def edit(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Changes what was typed anew, unless somebody else changed the user since the form was shown."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    values = {field: form.text(field) for field in FIELDS}
    if not form.errors:
        with form.showing_errors():
            changes = UserChanges(**values)
            async with deps.store.write() as tx:
                user = await get_user(tx, session.caller, session.here, user_id, now)
                if form.value("seen") != str(user.updated_at):
                    form.fail(WHOLE, _("Somebody changed this user meanwhile. Look at the user again, then edit."))
                else:
                    await update_user(tx, session.caller, session.here, user_id, changes, now)
    if form.errors:
        return await _user_form(request, session.here, form, await _look(request, session, user_id), 422)
    return see_other(f"/users/{user_id}")


async def _user_form(request: Request, tenant_id: TenantId, form: Form, user: User | None, status: int) -> Response:
    async with deps_of(request).store.read() as read:
        domains = await tenants.list_domains(read, tenant_id)
    usable = [domain.name for domain in domains if domain.verified_at and not domain.is_federated]
    return render(request, "user_form.html", status, form=form, user=user, domains=usable)


@router.get("/users/{user_id}/password")
@performs(Action.RESET_PASSWORD)
async def ask_password(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """What a new password ends."""
    return await _ask_password(request, session, user_id, Form(), 200)


@router.post("/users/{user_id}/password")
@performs(Action.RESET_PASSWORD)
async def reset_password(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """A generated password, shown this once; the user must change it at the next sign-in."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    async with deps.store.read() as read:
        await require(read, session.caller, Action.RESET_PASSWORD, session.here, now=now)
    password = generate_password()
    user: User | None = None
    with form.showing_errors():
        password_hash = await deps.passwords.hash(password)
        async with deps.store.write() as tx:
            back, again = f"/users/{user_id}", f"/users/{user_id}/password"
            await claim_form(tx, deps.hasher, session.here, form, back=back, again=again, now=now)
            user = await set_password(tx, session.caller, session.here, user_id, password_hash, True, now)
    if user is None:
        return await _ask_password(request, session, user_id, form, 422)
    return _show_password(request, user, password, must_change=True, is_new=False)


async def _ask_password(request: Request, session: Session, user_id: UserId, form: Form, status: int) -> Response:
    user = await _look(request, session, user_id, Action.RESET_PASSWORD)
    return render(
        request,
        "danger.html",
        status,
        title=_("Reset the password of %(name)s") % {"name": user.display_name},
        lead=user.user_principal_name,
        consequences=[
            _("The old password is refused from now on."),
            _("Browsers in which the user is signed in are signed out."),
            _("Tokens that the user gave to apps are revoked: those apps stop working until they get new ones."),
            _("A new password is shown to you once. The user must change it at the next sign-in."),
        ],
        confirm=_("Reset password"),
        back=f"/users/{user_id}",
        form=form,
    )


def _show_password(request: Request, user: User, password: str, *, must_change: bool, is_new: bool) -> Response:
    return render(request, "user_password.html", user=user, password=password, must_change=must_change, is_new=is_new)


@router.get("/users/{user_id}/delete")
@performs(Action.DELETE_USER)
async def ask_delete(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """What stops working, and until when it can be undone."""
    user = await _look(request, session, user_id, Action.DELETE_USER)
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        tokens = len(await user_facts.list_tokens(read, session.here, user_id, now, limit=COUNTED))
    return render(
        request,
        "danger.html",
        title=_("Delete %(name)s") % {"name": user.display_name},
        lead=user.user_principal_name,
        consequences=[
            _("The user is signed out and cannot sign in."),
            ngettext(
                "%(count)d token that the user gave to an app stops working.",
                "%(count)d tokens that the user gave to apps stop working.",
                tokens,
            )
            % {"count": tokens},
            _("The sign-in name is free for somebody else."),
            _("Until %(day)s the user can be restored; afterwards it is gone.") % {"day": day(now + RESTORABLE)},
        ],
        confirm=_("Delete this user"),
        back=f"/users/{user_id}",
        form=Form(),
    )


@router.post("/users/{user_id}/delete")
@performs(Action.DELETE_USER)
async def delete(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """To the user's page, where it can be restored."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    back = f"/users/{user_id}"
    async with deps.store.write() as tx:
        await claim_form(tx, deps.hasher, session.here, form, back=back, now=now)
        await delete_user(tx, session.caller, session.here, user_id, now)
    return see_other(back)


@router.get("/users/{user_id}/restore")
@performs(Action.RESTORE_USER)
async def ask_restore(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Once, on a page of its own."""
    return await _ask_restore(request, session, user_id, Form(), 200)


@router.post("/users/{user_id}/restore")
@performs(Action.RESTORE_USER)
async def restore(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Refused beside the button when somebody has the name by now."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    with form.showing_errors():
        async with deps.store.write() as tx:
            await restore_user(tx, session.caller, session.here, user_id, now)
    if form.errors:
        return await _ask_restore(request, session, user_id, form, 422)
    return see_other(f"/users/{user_id}")


async def _ask_restore(request: Request, session: Session, user_id: UserId, form: Form, status: int) -> Response:
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        await require(read, session.caller, Action.RESTORE_USER, session.here, now=now)
        user = await find_any_user(read, session.caller, session.here, user_id, now)
    return render(
        request,
        "danger.html",
        status,
        title=_("Restore %(name)s") % {"name": user.display_name},
        lead=user.user_principal_name,
        consequences=[
            _("The user can sign in again, with the password it had."),
            _("Tokens that the user gave to apps stay revoked. The user can give new ones."),
        ],
        confirm=_("Restore this user"),
        undo=_("You can delete the user again at any time."),
        back=f"/users/{user_id}",
        form=form,
    )


@router.get("/users/{user_id}/roles")
@performs(Action.ASSIGN_ROLE)
async def show_roles(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Every role with what it allows."""
    return await _roles_page(request, session, user_id, draft_of(request), 200)


@router.post("/users/{user_id}/roles")
@performs(Action.ASSIGN_ROLE)
async def give_role(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Giving one that the user holds moves its end."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    if form.value("role_id") not in set(RoleId):
        form.fail("role_id", _("Choose a role."))
    expires_at = read_day(form, "expires_at")
    if not form.errors:
        with form.showing_errors():
            async with deps.store.write() as tx:
                await assign_role(
                    tx,
                    session.caller,
                    session.here,
                    user_id,
                    RoleId(form.value("role_id")),
                    expires_at,
                    now,
                )
    if form.errors:
        return await _roles_page(request, session, user_id, form, 422)
    return see_other(f"/users/{user_id}")


async def _roles_page(request: Request, session: Session, user_id: UserId, form: Form, status: int) -> Response:
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        await require(read, session.caller, Action.ASSIGN_ROLE, session.here, now=now)
        user = await find_any_user(read, session.caller, session.here, user_id, now)
        held = {role.role_id for role in await list_roles(read, session.here, user_id, now)}
    return render(request, "user_roles.html", status, user=user, form=form, roles=role_texts(), held=held)


@router.get("/users/{user_id}/roles/{role_id}/remove")
@performs(Action.ASSIGN_ROLE)
async def ask_remove_role(request: Request, session: SignedIn, user_id: UserId, role_id: str) -> Response:
    """What the user can no longer do."""
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        await require(read, session.caller, Action.ASSIGN_ROLE, session.here, now=now)
        user = await find_any_user(read, session.caller, session.here, user_id, now)
        if role_id not in {role.role_id for role in await list_roles(read, session.here, user_id, now)}:
            raise NotFound("role assignment")
    lost = next((role.covers for role in role_texts() if role.id == role_id), "")
    consequences = [_("From now on this is refused to %(name)s:") % {"name": user.display_name} + f" {lost}"]
    if user_id == session.user_id:
        consequences.append(
            _("It is your own role. If nobody else holds it, only the server's operator can give it back.")
        )
    return render(
        request,
        "danger.html",
        title=_("Take %(role)s from %(name)s") % {"role": role_name(role_id), "name": user.display_name},
        lead="",
        consequences=consequences,
        confirm=_("Take the role away"),
        back=f"/users/{user_id}",
        form=Form(),
    )


@router.post("/users/{user_id}/roles/{role_id}/remove")
@performs(Action.ASSIGN_ROLE)
async def take_role(request: Request, session: SignedIn, user_id: UserId, role_id: str) -> Response:
    """Back on the user's page afterwards."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    back = f"/users/{user_id}"
    if role_id not in set(RoleId):
        raise NotFound("role assignment")
    async with deps.store.write() as tx:
        await claim_form(tx, deps.hasher, session.here, form, back=back, now=now)
        await remove_role(tx, session.caller, session.here, user_id, RoleId(role_id), now)
    return see_other(back)


async def _look(request: Request, session: Session, user_id: UserId, action: Action = Action.UPDATE_USER) -> User:
    """The user that is not deleted, for who may do `action`."""
    deps, now = deps_of(request), deps_of(request).clock()
    async with deps.store.read() as read:
        await require(read, session.caller, action, session.here, now=now)
        return await get_user(read, session.caller, session.here, user_id, now)
