"""The tenant's settings: its name, its country, and links to its domains and policies."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.directory.domains import list_domains
from tenantry.directory.tenants import get_tenant, update_tenant
from tenantry.surfaces.portal.frame.forms import Form, draft_of, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/settings")
@performs(Action.READ_TENANT)
async def show_settings(request: Request, session: SignedIn, saved: str = "") -> Response:
    """Show the settings to every user, with a form for whoever may change them."""
    return await _settings_page(request, session, draft_of(request), saved=saved == "1")


@router.post("/settings")
@performs(Action.CHANGE_TENANT)
async def save(request: Request, session: SignedIn) -> Response:
    """Save the settings. Sent twice, the form changes nothing the second time."""
    deps, now = deps_of(request), deps_of(request).clock()
    form = await read_form(request)
    name = form.text("name", required=True, max_length=256)
    country = form.text("country", max_length=2).upper() or None
    async with deps.store.read() as read:
        await require(read, session.caller, Action.CHANGE_TENANT, session.here, now=now)
    if not form.errors:
        with form.showing_errors():
            async with deps.store.write() as tx:
                await update_tenant(tx, session.caller, session.here, name=name, country=country, now=now)
            return see_other("/settings?saved=1")
    return await _settings_page(request, session, form)


async def _settings_page(request: Request, session: Session, form: Form, *, saved: bool = False) -> Response:
    async with reading(request) as (read, now):
        domains, waiting, may_change = await list_domains(read, session.caller, session.here, now)
        tenant = await get_tenant(read, session.caller, session.here, now)
    return render(
        request,
        "tenant/settings.html",
        form=form,
        tenant=tenant,
        domains=domains,
        waiting=waiting,
        domain_form=Form(),
        may_change=may_change,
        saved=saved,
    )
