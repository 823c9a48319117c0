"""A person follows an invite link into a group.

1. `/join/<secret>` puts the secret into a cookie that only `/join` gets, and leads there. So the secret stands in no
   `next=`, no Referer and no row of a sign-in under way; the log leaves secrets out of addresses (core/log.py).
2. `/join` asks the person to sign in, and says where the link leads and what joining means.
3. The button sends the secret that its page was made for. So of two links that are open in two tabs, each leads into
   its own group.

A link that leads nowhere for this person has one page, whatever the reason.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action, GroupRole
from tenantry.core.errors import NotFound
from tenantry.directory.invitations import join, look_at_invitation
from tenantry.surfaces.portal.frame.forms import read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import SignedIn, find_signed_in
from tenantry.surfaces.portal.groups.groups import role_word
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.cookies import cookie_of
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs
from tenantry.tokens.secrets import SecretKind, is_well_formed

COOKIE = "tenantry-join"
KEPT_SECONDS = 3600
"""How long the cookie is kept: long enough to sign in."""

router = APIRouter()


@router.get("/join/{invitation}")
@performs(Action.SIGN_IN)
async def arrive(request: Request, invitation: str) -> Response:
    """Keep the secret and lead to `/join`. It is not looked up, so somebody who is not signed in learns nothing of the
    link.
    """
    if not is_well_formed(invitation, SecretKind.GROUP_INVITATION):
        await find_signed_in(request)
        return _show_dead(request)
    return _lead_on(request, invitation)


@router.get("/join")
@performs(Action.JOIN_GROUP)
async def ask_join(request: Request, session: SignedIn) -> Response:
    """Show the name of the tenant and of the group, and what joining means."""
    deps, now = deps_of(request), deps_of(request).clock()
    raw = cookie_of(request, COOKIE)
    try:
        async with deps.store.read() as read:
            found = await look_at_invitation(read, session.caller, deps.hasher, raw, now)
    except NotFound:
        return _show_dead(request)
    return render(request, "groups/join.html", invitation=found, link=raw, role_word=role_word)


@router.post("/join")
@performs(Action.JOIN_GROUP)
async def carry_out(request: Request, session: SignedIn) -> Response:
    """Let the person join, and lead to the group's page; subscribers, who may not see that page, come back here. Sent
    twice, the form joins once.
    """
    deps, now = deps_of(request), deps_of(request).clock()
    raw = (await read_form(request)).value("link")
    try:
        async with deps.store.write() as tx:
            joined = await join(tx, session.caller, deps.hasher, raw, now)
    except NotFound:
        return _show_dead(request)
    return _lead_on(request, raw) if joined.role is GroupRole.SUBSCRIBER else see_other(f"/groups/{joined.group_id}")


def _lead_on(request: Request, raw: str) -> Response:
    response = see_other("/join")
    is_secure = deps_of(request).settings.issuer.startswith("https:")
    response.set_cookie(COOKIE, raw, KEPT_SECONDS, path="/join", secure=is_secure, httponly=True, samesite="lax")
    return response


def _show_dead(request: Request) -> Response:
    text = _("It has ended, or it is for people of another organisation. Ask whoever gave it to you for a new one.")
    response = render(
        request, "frame/error.html", 404, title=_("This link leads nowhere"), text=text, back="/", back_label=""
    )
    response.delete_cookie(COOKIE, path="/join", httponly=True)
    return response
