"""An administrator makes a user, edits one, or gives one a new password.

`user_deletion.py` deletes users, and `user_roles.py` gives them roles.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import permit
from tenantry.core.clock import DAY
from tenantry.core.ids import UserId
from tenantry.directory.domains import list_names_domains
from tenantry.directory.passwords import generate_password
from tenantry.directory.sign_in_methods import list_added_lately, take_away
from tenantry.directory.user_properties import NewUser, UserChanges
from tenantry.directory.user_views import get_user_to
from tenantry.directory.users import create_user, get_user, set_password, update_user
from tenantry.store.users.users import User
from tenantry.surfaces.portal.frame.forms import WHOLE, Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.portal.users.user_sign_in import methods_text
from tenantry.surfaces.portal.words.texts import gettext as _
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

LATELY = 30 * DAY
"""Passkeys, phone numbers and the like that were added since then are named when a password is reset: whoever had the
account may have added them.
"""

router = APIRouter()


@router.get("/users/new")
@performs(Action.CREATE_USER)
async def show_new(request: Request, session: SignedIn) -> Response:
    """Show an empty form for a new user to whoever may make one."""
    return await _user_form(request, session, draft_of(request), None)


@router.post("/users/new")
@performs(Action.CREATE_USER)
async def create(request: Request, session: SignedIn) -> Response:
    """Make the user. A password is generated and shown once, unless the user signs in at another provider."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    values = {field: form.text(field) for field in FIELDS}
    password = "" if form.value("password_kind") == "none" else generate_password()
    made: User | None = None
    if not form.errors:
        with form.showing_errors():
            new_user = NewUser(**values)
            async with deps.store.read() as read:
                permitted = await permit(read, session.caller, Action.CREATE_USER, session.here, now)
            password_hash = await deps.passwords.hash(password, session.tenant_id) if password else None
            async with once(request, session, form, back="/users") as (tx, _now):
                made = await create_user(
                    tx, session.caller, session.here, new_user, password_hash, True, now, permitted=permitted
                )
    if made is None:
        return await _user_form(request, session, form, None)
    if not password:
        return see_other(f"/users/{made.id}")
    return _show_password(request, made, password, is_new=True)


@router.get("/users/{user_id}/edit")
@performs(Action.UPDATE_USER)
async def show_edit(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Show the user's properties in a form."""
    return await _user_form(request, session, draft_of(request), await _look(request, session, user_id))


@router.post("/users/{user_id}/edit")
@performs(Action.UPDATE_USER)
async def edit(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Change the properties that were typed anew, unless somebody else changed the user since the form was shown."""
    form = await read_form(request)
    values = {field: form.text(field) for field in FIELDS}
    if not form.errors:
        with form.showing_errors():
            changes = UserChanges(**values)
            async with writing(request) as (tx, now):
                user = await get_user(tx, session.caller, session.here, user_id, now)
                if form.value("seen") != str(user.updated_at):
                    form.fail(WHOLE, _("Somebody changed this user meanwhile. Look at the user again, then edit."))
                else:
                    await update_user(tx, session.caller, session.here, user_id, changes, now)
    if form.errors:
        return await _user_form(request, session, form, await _look(request, session, user_id))
    return see_other(f"/users/{user_id}")


async def _user_form(request: Request, session: Session, form: Form, user: User | None) -> Response:
    action = Action.CREATE_USER if user is None else Action.UPDATE_USER
    async with reading(request) as (read, now):
        usable = await list_names_domains(read, session.caller, session.here, action, now)
    return render(request, "users/user_form.html", form=form, user=user, domains=usable)


@router.get("/users/{user_id}/password")
@performs(Action.RESET_PASSWORD)
async def ask_password(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Show what a new password ends, before one is made. Users who come for their own are sent to the page that asks
    for the present password.
    """
    if (session.tenant_id, session.user_id) == (session.here, user_id):
        return see_other("/password")
    return await _ask_password(request, session, user_id, Form())


@router.post("/users/{user_id}/password")
@performs(Action.RESET_PASSWORD)
async def reset_password(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Generate a password and show it this once. The user must change it at the next sign-in."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    async with deps.store.read() as read:
        permitted = await permit(read, session.caller, Action.RESET_PASSWORD, session.here, now)
    password = generate_password()
    user: User | None = None
    code, path = "", f"/users/{user_id}"
    with form.showing_errors():
        password_hash = await deps.passwords.hash(password, session.tenant_id)
        async with once(request, session, form, back=path, again=f"{path}/password") as (tx, _now):
            user = await set_password(
                tx, session.caller, session.here, user_id, password_hash, True, now, permitted=permitted
            )
            ticked = form.texts("remove")
            if ticked:
                code = await take_away(tx, deps.hasher, session.caller, session.here, user_id, ticked, now)
    if user is None:
        return await _ask_password(request, session, user_id, form)
    return _show_password(request, user, password, is_new=False, code=code)


async def _ask_password(request: Request, session: Session, user_id: UserId, form: Form) -> Response:
    user = await _look(request, session, user_id, Action.RESET_PASSWORD)
    async with reading(request) as (read, now):
        lately = await list_added_lately(read, session.caller, session.here, user_id, now - LATELY, now)
    return render(
        request,
        "users/user_password_ask.html",
        user=user,
        form=form,
        lately=lately,
        methods_text=methods_text,
        days=LATELY // DAY,
    )


def _show_password(request: Request, user: User, password: str, *, is_new: bool, code: str = "") -> Response:
    return render(request, "users/user_password.html", user=user, password=password, is_new=is_new, code=code)


async def _look(request: Request, session: Session, user_id: UserId, action: Action = Action.UPDATE_USER) -> User:
    """The user, when it is not deleted and the visitor may do `action`. Raises what `get_user_to` does."""
    async with reading(request) as (read, now):
        return await get_user_to(read, session.caller, action, session.here, user_id, now)
