"""The page *Sign-in and security*: the user's sessions, and what signing in asks for."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.directory.notices import KEPT
from tenantry.directory.own_factors import end_own_session, end_own_sessions
from tenantry.directory.own_sign_in import look_at_own_sign_in
from tenantry.directory.second_factors import methods_of
from tenantry.surfaces.portal.frame.forms import read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import SignedInAnywhere
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.portal.words.notice_words import notices_of
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.value_words import AMR
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/sessions")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def show_sessions(request: Request, session: SignedInAnywhere) -> Response:
    """Show the user's own sessions and methods."""
    async with reading(request) as (read, now):
        seen = await look_at_own_sign_in(read, session.caller, now - KEPT, now)
    return render(
        request,
        "sign_in/sessions.html",
        sessions=seen.sessions,
        factors=seen.factors,
        passkeys=seen.passkeys,
        methods=methods_of(seen.factors),
        in_words=in_words,
        browser_name=browser_name,
        notices=notices_of(seen.notices, session),
        done=_done_text(request.query_params.get("done", "")),
    )


@router.post("/sessions/{session_id}/end")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def end_one(request: Request, session: SignedInAnywhere, session_id: str) -> Response:
    """End one session. Raises NotFound for a session of somebody else, and for one that has ended."""
    await read_form(request)
    async with writing(request) as (tx, now):
        await end_own_session(tx, session.caller, session_id[:64], now)
    return see_other("/sessions?done=ended")


@router.post("/sessions/end-others")
@performs(Action.MANAGE_OWN_SIGN_IN)
async def end_others(request: Request, session: SignedInAnywhere) -> Response:
    """End every session but that of this browser."""
    await read_form(request)
    async with writing(request) as (tx, now):
        await end_own_sessions(tx, session.caller, now, but=session.id)
    return see_other("/sessions?done=others")


def in_words(amr: str | Iterable[str]) -> str:
    """The methods in words, as in `password, authenticator app or PIN`."""
    held = amr.split() if isinstance(amr, str) else sorted(amr)
    found = [_(words) for word, words in AMR.items() if word in held and word != "mfa"]
    return ", ".join(dict.fromkeys(found))


def browser_name(browser: str) -> str:
    """The browser's name, as in `Firefox on Linux`, as far as what it calls itself tells."""
    program = next((name for mark, name in _PROGRAMS if mark in browser), _("Another program"))
    system = next((name for mark, name in _SYSTEMS if mark in browser), "")
    return _("%(program)s on %(system)s") % {"program": program, "system": system} if system else program


_PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def _done_text(done: str) -> str:
    return {
        "password": _("The password is changed. Every other session has ended."),
        "ended": _("The session has ended."),
        "others": _("Every other session has ended."),
        "removed": _("It is not asked for any more."),
        "added": _("It is asked for from the next sign-in on."),
        "enrol": _("Now set up a second step: without one, the next sign-in asks for another code."),
    }.get(done, "")
