"""Who can reach what: drawn as a graph, and the same in words. Filtered by name and side, paged by key."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.reach import Position, map_reach
from tenantry.surfaces.portal.frame import render
from tenantry.surfaces.portal.guard import SignedIn
from tenantry.surfaces.portal.reach_graph import counted, draw_reach
from tenantry.surfaces.portal.role_words import role_name
from tenantry.surfaces.portal.texts import gettext as _
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.origin import origin_of
from tenantry.surfaces.shared.routing import performs

SIDES = ("all", "partners", "apps")

router = APIRouter()


@router.get("/reach")
@performs(Action.SEE_REACH)
async def show_reach(
    request: Request,
    session: SignedIn,
    q: str = "",
    show: str = "all",
    partner: str = "",
    partner_name: str = "",
    app: str = "",
    app_name: str = "",
) -> Response:
    """`q` searches names; `show` is one of SIDES. Queries: those of the session and 7, whatever there is to draw."""
    deps, now = deps_of(request), deps_of(request).clock()
    query = q.strip()[:128] if is_clean(q) else ""
    side = show if show in SIDES else "all"
    after_partner, after_app = _position(partner_name, partner), _position(app_name, app)
    async with deps.store.read() as read:
        found = await map_reach(
            read,
            session.caller(origin_of(request.scope)),
            session.here,
            named_like=like(query),
            with_partners=side != "apps",
            with_apps=side != "partners",
            after_partner=after_partner,
            after_app=after_app,
            now=now,
        )
    kept = {"q": query, "show": side}
    here = {**kept, **_query("partner", after_partner), **_query("app", after_app)}
    next_partner = _address(here, _query("partner", found.next_partner)) if found.next_partner else ""
    next_app = _address(here, _query("app", found.next_app)) if found.next_app else ""
    return render(
        request,
        "reach.html",
        found=found,
        drawing=draw_reach(found, session.acting_tenant_name or session.tenant_name, next_partner, next_app, now),
        is_empty=not (found.partners or found.holders or found.apps),
        q=query,
        show=side,
        sides=[("all", _("Everybody")), ("partners", _("Partners and administrators")), ("apps", _("Apps"))],
        first=_address(kept, {}) if here != kept else "",
        next_partner=next_partner,
        next_app=next_app,
        role_name=role_name,
        counted=counted,
    )


def like(query: str) -> str:
    """LIKE, anywhere in the name; `!` is its escape character."""
    escaped = query.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def _position(name: str, id: str) -> Position:
    return (name, id) if is_clean(name + id) else ("", "")


def _query(what: str, position: Position | None) -> dict[str, str]:
    return {what: position[1], f"{what}_name": position[0]} if position and position[1] else {}


def _address(kept: dict[str, str], changed: dict[str, str]) -> str:
    return f"/reach?{urlencode({**kept, **changed})}"
