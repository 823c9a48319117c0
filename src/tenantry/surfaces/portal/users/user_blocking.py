"""An administrator blocks and unblocks users: a single one, or those that were chosen in the list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.blast_radius import find_left_behind
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import DomainError, FailedPrecondition, Forbidden, NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.directory.blocking import block_user, list_users_to_block, unblock_user
from tenantry.directory.user_views import look_at_block
from tenantry.store.engine.interface import Tx
from tenantry.surfaces.portal.frame.forms import Form, further_part, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.blast_words import left_words
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.texts import ngettext
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.denials import note_denial
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

MOST = 100
"""How many users one form may block or unblock. A page of the list shows fewer."""

router = APIRouter()

Step = Callable[[Tx, Caller, TenantId, UserId, Micros], Awaitable[None]]


class Left(NamedTuple):
    """A user whom the form left as it was, and why."""

    name: str
    reason: str


@router.get("/users/block")
@performs(Action.BLOCK_USER)
async def ask_block_chosen(request: Request, session: SignedIn) -> Response:
    """Show what ends for how many of the chosen users, before they are blocked."""
    return await _ask_chosen(request, session, blocks=True)


@router.post("/users/block")
@performs(Action.BLOCK_USER)
async def block_chosen(request: Request, session: SignedIn) -> Response:
    """Block the chosen users. One who cannot be blocked is named with the reason; the others are blocked all
    the same.
    """
    return await _carry_out(request, session, block_user, blocks=True)


@router.get("/users/unblock")
@performs(Action.BLOCK_USER)
async def ask_unblock_chosen(request: Request, session: SignedIn) -> Response:
    """Show what the chosen users can do again, before they are unblocked."""
    return await _ask_chosen(request, session, blocks=False)


@router.post("/users/unblock")
@performs(Action.BLOCK_USER)
async def unblock_chosen(request: Request, session: SignedIn) -> Response:
    """Unblock the chosen users. One who cannot be unblocked is named with the reason; the others are unblocked all the
    same.
    """
    return await _carry_out(request, session, unblock_user, blocks=False)


@router.get("/users/{user_id}/block")
@performs(Action.BLOCK_USER)
async def ask_block(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Show what stops working for the user, before the user is blocked."""
    return await _ask_one(request, session, user_id, Form(), blocks=True)


@router.post("/users/{user_id}/block")
@performs(Action.BLOCK_USER)
async def block(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Block the user, and lead back to the user's page."""
    return await _change_one(request, session, user_id, block_user, blocks=True)


@router.get("/users/{user_id}/unblock")
@performs(Action.BLOCK_USER)
async def ask_unblock(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Show what works again for the user and what does not, before the user is unblocked."""
    return await _ask_one(request, session, user_id, Form(), blocks=False)


@router.post("/users/{user_id}/unblock")
@performs(Action.BLOCK_USER)
async def unblock(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """Unblock the user, and lead back to the user's page."""
    return await _change_one(request, session, user_id, unblock_user, blocks=False)


async def _change_one(request: Request, session: Session, user_id: UserId, step: Step, *, blocks: bool) -> Response:
    form, back = await read_form(request), f"/users/{user_id}"
    with form.showing_errors():
        async with once(request, session, form, back=back) as (tx, now):
            await step(tx, session.caller, session.here, user_id, now)
        return see_other(back)
    return await _ask_one(request, session, user_id, form, blocks=blocks)


async def _ask_one(request: Request, session: Session, user_id: UserId, form: Form, *, blocks: bool) -> Response:
    async with reading(request) as (read, now):
        user, tokens = await look_at_block(read, session.caller, session.here, user_id, now)
        left = await find_left_behind(read, session.caller, session.here, user_id, now)
    title = _("Block %(name)s") if blocks else _("Unblock %(name)s")
    return ask(
        request,
        title=title % {"name": user.display_name},
        lead=user.user_principal_name,
        consequences=[*_what_block_ends(tokens), *left_words(left, user.display_name)]
        if blocks
        else _what_unblock_gives(),
        confirm=_("Block this user") if blocks else _("Unblock this user"),
        undo=_("You can unblock the user at any time.") if blocks else _("You can block the user again at any time."),
        back=f"/users/{user_id}",
        form=form,
    )


async def _ask_chosen(request: Request, session: Session, *, blocks: bool) -> Response:
    chosen = _chosen(request)
    async with reading(request) as (read, now):
        found = await list_users_to_block(read, session.caller, session.here, chosen, now)
    names = [user.display_name for user in found if user.deleted_at is None]
    if not names:
        return see_other("/users")
    title = (
        ngettext("Block %(num)d user", "Block %(num)d users", len(names))
        if blocks
        else ngettext("Unblock %(num)d user", "Unblock %(num)d users", len(names))
    )
    return ask(
        request,
        title=title % {"num": len(names)},
        lead=", ".join(names),
        consequences=_what_block_ends(None) if blocks else _what_unblock_gives(),
        confirm=_("Block these users") if blocks else _("Unblock these users"),
        undo=_("You can unblock them at any time.") if blocks else _("You can block them again at any time."),
        back="/users",
    )


async def _carry_out(request: Request, session: Session, step: Step, *, blocks: bool) -> Response:
    """Take the step for one chosen user after the other, each in a transaction of its own: what one of them holds may
    be much to end.
    """
    form, chosen, done = await read_form(request), _chosen(request), 0
    left: list[Left] = []
    denied: list[DomainError] = []
    async with reading(request) as (read, now):
        found = await list_users_to_block(read, session.caller, session.here, chosen, now)
    names = {user.id: user.display_name for user in found}
    for number, user_id in enumerate(sorted(chosen)):
        part = further_part(request, session) if number else once(request, session, form, back="/users")
        async with part as (tx, now):
            try:
                await step(tx, session.caller, session.here, user_id, now)
            except (FailedPrecondition, Forbidden, NotFound) as refused:
                denied.append(refused)
                left.append(Left(names.get(user_id, user_id), refused.public))
            else:
                done += 1
    for denial in denied:
        await note_denial(deps_of(request), session.caller, denial)
    if not left:
        return see_other("/users")
    return render(request, "users/users_blocked.html", done=done, left=left, blocks=blocks)


def _chosen(request: Request) -> list[UserId]:
    """The users that the address names, each once, at most MOST of them."""
    named = [each for each in request.query_params.getlist("user") if is_clean(each) and len(each) <= 64]
    return [UserId(each) for each in dict.fromkeys(named)][:MOST]


def _what_block_ends(tokens: int | None) -> Sequence[str]:
    """Sentences on what a block ends. `tokens`: how many tokens the one user has given; None when several users are
    blocked.
    """
    ended = (
        _("Tokens that they gave to apps are revoked for good.")
        if tokens is None
        else ngettext(
            "%(count)d token that the user gave to an app is revoked for good.",
            "%(count)d tokens that the user gave to apps are revoked for good.",
            tokens,
        )
        % {"count": tokens}
    )
    return [
        _("Signed out of every browser, and refused at every door: password, phone, passkey, own provider, apps."),
        ended,
        _("Codes and PINs that are under way, and unused tokens to set up a device, are void."),
        _("Webhooks that were registered by hand belong to their group and go on. Look through them."),
        _("Name, roles, places in groups, phone numbers and devices stay as they are."),
    ]


def _what_unblock_gives() -> Sequence[str]:
    return [
        _("Signing in works again, with the same password and second steps."),
        _("Tokens that were revoked stay revoked. New ones can be given."),
    ]
