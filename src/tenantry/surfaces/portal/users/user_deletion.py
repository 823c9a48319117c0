"""An administrator deletes a user, and restores a deleted one."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.blast_radius import find_left_behind
from tenantry.core.ids import UserId
from tenantry.directory.user_views import get_user_to, look_at_deletion
from tenantry.directory.users import RESTORABLE, delete_user, restore_user
from tenantry.surfaces.portal.frame.forms import Form, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.portal.words.blast_words import left_words
from tenantry.surfaces.portal.words.texts import day, ngettext
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/users/{user_id}/delete")
@performs(Action.DELETE_USER)
async def ask_delete(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Show what stops working, and until when the user can be restored, before the user is deleted."""
    async with reading(request) as (read, now):
        user, tokens = await look_at_deletion(read, session.caller, session.here, user_id, now)
        left = await find_left_behind(read, session.caller, session.here, user_id, now)
    return ask(
        request,
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
            *left_words(left, user.display_name),
            _("The sign-in name is free for somebody else."),
            _("Until %(day)s the user can be restored; afterwards it is gone.") % {"day": day(now + RESTORABLE)},
        ],
        confirm=_("Delete this user"),
        back=f"/users/{user_id}",
    )


@router.post("/users/{user_id}/delete")
@performs(Action.DELETE_USER)
async def delete(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Delete the user, and lead to the user's page, on which the user can be restored."""
    form, back = await read_form(request), f"/users/{user_id}"
    async with once(request, session, form, back=back) as (tx, now):
        await delete_user(tx, session.caller, session.here, user_id, now)
    return see_other(back)


@router.get("/users/{user_id}/restore")
@performs(Action.RESTORE_USER)
async def ask_restore(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Ask whether the user shall be restored, on a page of its own."""
    return await _ask_restore(request, session, user_id, Form())


@router.post("/users/{user_id}/restore")
@performs(Action.RESTORE_USER)
async def restore(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Restore the user. When somebody else has taken the sign-in name meanwhile, the page says so beside the button."""
    form = await read_form(request)
    with form.showing_errors():
        async with writing(request) as (tx, now):
            await restore_user(tx, session.caller, session.here, user_id, now)
        return see_other(f"/users/{user_id}")
    return await _ask_restore(request, session, user_id, form)


async def _ask_restore(request: Request, session: Session, user_id: UserId, form: Form) -> Response:
    async with reading(request) as (read, now):
        user = await get_user_to(read, session.caller, Action.RESTORE_USER, session.here, user_id, now)
    return ask(
        request,
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
