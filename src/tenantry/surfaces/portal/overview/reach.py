"""The map of who can reach what, drawn as a graph and said in words. It is filtered by name and by side, and paged by
key.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.reach import map_reach
from tenantry.store.engine.pages import Position
from tenantry.surfaces.portal.frame.frame import render
from tenantry.surfaces.portal.frame.guard import SignedIn
from tenantry.surfaces.portal.frame.lists import address, like, searched
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.overview.reach_graph import (
    counted,
    draw_customers,
    draw_reach,
    more_customers,
    reaches_customers,
)
from tenantry.surfaces.portal.words.role_words import role_name
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.routing import performs

SIDES = ("all", "partners", "apps", "customers")

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
    customer: str = "",
    customer_name: str = "",
) -> Response:
    """Show the map. `q` searches names; `show` is one of SIDES. Queries: those of the session, and 8, whatever there is
    to draw.
    """
    query = searched(q)
    side = show if show in SIDES else "all"
    after_partner, after_connector = _position(partner_name, partner), _position(app_name, app)
    after_customer = _position(customer_name, customer)
    is_at_home = session.here == session.tenant_id
    async with reading(request) as (read, now):
        found = await map_reach(
            read,
            session.caller,
            session.here,
            named_like=like(query),
            partners_after=after_partner if side in ("all", "partners") else None,
            connectors_after=after_connector if side in ("all", "apps") else None,
            customers_after=after_customer if side in ("all", "customers") else None,
            now=now,
        )
    kept = {"q": query, "show": side}
    here = {
        **kept,
        **_query("partner", after_partner),
        **_query("app", after_connector),
        **_query("customer", after_customer),
    }
    next_partner = address("/reach", **(here | _query("partner", found.next_partner))) if found.next_partner else ""
    next_connector = address("/reach", **(here | _query("app", found.next_connector))) if found.next_connector else ""
    next_customer = address("/reach", **(here | _query("customer", found.next_customer))) if found.next_customer else ""
    tenant = session.acting_tenant_name or session.tenant_name
    is_reached = bool(found.partners or found.holders or found.connectors)
    sides = [("all", _("Everybody")), ("partners", _("Partners and administrators")), ("apps", _("Apps"))]
    return render(
        request,
        "overview/reach.html",
        found=found,
        drawing=draw_reach(found, tenant, next_partner, next_connector, now) if is_reached else None,
        customers=draw_customers(found, tenant, next_customer, now) if found.customers else None,
        more_customers=more_customers(found),
        reaches_customers=reaches_customers,
        q=query,
        show=side,
        sides=[*sides, ("customers", _("Customers"))] if is_at_home else sides,
        first=address("/reach", **kept) if here != kept else "",
        next_partner=next_partner,
        next_connector=next_connector,
        next_customer=next_customer,
        role_name=role_name,
        counted=counted,
    )


def _position(name: str, id: str) -> Position:
    return (name, id) if is_clean(name + id) else ("", "")


def _query(what: str, position: Position | None) -> dict[str, str]:
    return {what: position[1], f"{what}_name": position[0]} if position and position[1] else {}
