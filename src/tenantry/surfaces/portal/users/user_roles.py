"""An administrator gives a user directory roles, and takes them away."""

from __future__ import annotations

from collections.abc import Collection

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import EFFECTIVE_ROLES, Action, RoleId
from tenantry.access.blast_radius import find_left_behind
from tenantry.access.decide import require
from tenantry.access.standing import giveable
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import UserId
from tenantry.directory.roles import assign_role, list_role_assignments, remove_role
from tenantry.directory.user_search import find_any_user
from tenantry.store.users.users import User
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_day, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.portal.words.blast_words import left_words
from tenantry.surfaces.portal.words.role_words import RoleText, offered_roles, role_name, role_texts
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/users/{user_id}/roles")
@performs(Action.ASSIGN_ROLE)
async def show_roles(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Show every role that the visitor may give, with what it allows."""
    return await _roles_page(request, session, user_id, draft_of(request))


@router.post("/users/{user_id}/roles")
@performs(Action.ASSIGN_ROLE)
async def give_role(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Give the user the role that was chosen. For a role that the user holds already, this moves the day on which it
    ends.
    """
    form = await read_form(request)
    role_id, expires_at = read_role(form)
    if role_id is not None and not form.errors:
        with form.showing_errors():
            async with writing(request) as (tx, now):
                await assign_role(tx, session.caller, session.here, user_id, role_id, expires_at, now)
            return see_other(f"/users/{user_id}")
    return await _roles_page(request, session, user_id, form)


async def _roles_page(request: Request, session: Session, user_id: UserId, form: Form) -> Response:
    user, held = await _look(request, session, user_id)
    return role_page(request, session, form, holder=user.display_name, back=f"/users/{user_id}", held=held)


def role_page(
    request: Request, session: Session, form: Form, *, holder: str, back: str, held: Collection[str]
) -> Response:
    """The page on which the visitor gives a role to a user or to a connector: every role that the visitor may give,
    with what it allows. `held`: ids of the roles that the holder has.
    """
    return render(
        request, "users/role_given.html", form=form, holder=holder, back=back, roles=_giveable(session), held=held
    )


def read_role(form: Form) -> tuple[RoleId | None, Micros | None]:
    """The chosen role, None when none was chosen, and the day on which it ends. What is wrong with them becomes errors
    of the form.
    """
    chosen = form.value("role_id")
    if chosen not in EFFECTIVE_ROLES:
        form.fail("role_id", _("Choose a role."))
    return RoleId(chosen) if chosen in EFFECTIVE_ROLES else None, read_day(form, "expires_at")


def _giveable(session: Session) -> list[RoleText]:
    """The roles that the visitor may give. Somebody who acts for a customer gives the roles that the relationship
    gives, and none that would let the partner stay for longer.
    """
    if session.acting_tenant is None:
        return offered_roles()
    return [role for role in offered_roles() if role.id in giveable(session.acting_roles)]


@router.get("/users/{user_id}/roles/{role_id}/remove")
@performs(Action.ASSIGN_ROLE)
async def ask_remove_role(request: Request, session: SignedIn, user_id: UserId, role_id: str) -> Response:
    """Show what the user can no longer do without the role, before it is taken away."""
    user, held = await _look(request, session, user_id)
    if role_id not in held:
        raise NotFound("role assignment")
    lost = next((role.covers for role in role_texts() if role.id == role_id), "")
    consequences = [_("From now on this is refused to %(name)s:") % {"name": user.display_name} + f" {lost}"]
    async with reading(request) as (read, now):
        left = await find_left_behind(read, session.caller, session.here, user_id, now)
    consequences += left_words(left, user.display_name)
    if user_id == session.user_id:
        consequences.append(_("It is your own role. Only somebody else who may give roles can give it back."))
    return ask(
        request,
        title=_("Take %(role)s from %(name)s") % {"role": role_name(role_id), "name": user.display_name},
        consequences=consequences,
        confirm=_("Take the role away"),
        back=f"/users/{user_id}",
    )


@router.post("/users/{user_id}/roles/{role_id}/remove")
@performs(Action.ASSIGN_ROLE)
async def take_role(request: Request, session: SignedIn, user_id: UserId, role_id: str) -> Response:
    """Take the role from the user, and lead back to the user's page."""
    form, back = await read_form(request), f"/users/{user_id}"
    if role_id not in set(RoleId):
        raise NotFound("role assignment")
    async with once(request, session, form, back=back) as (tx, now):
        await remove_role(tx, session.caller, session.here, user_id, RoleId(role_id), now)
    return see_other(back)


async def _look(request: Request, session: Session, user_id: UserId) -> tuple[User, set[str]]:
    """The user, and the ids of the roles that the user holds. Raises what `access.require` and `find_any_user` do."""
    async with reading(request) as (read, now):
        await require(read, session.caller, Action.ASSIGN_ROLE, session.here, now=now)
        user = await find_any_user(read, session.caller, session.here, user_id, now)
        return user, {
            held.role_id for held in await list_role_assignments(read, session.caller, session.here, user_id, now)
        }
