"""The tenant's policies: of whom a second factor is required, who may sign in by phone, who may register connectors."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.core.clock import DAY
from tenantry.directory.policies import (
    CHOICES,
    LOOKED_AT,
    Policies,
    Whom,
    change_policies,
    look_at_policies,
)
from tenantry.surfaces.portal.frame.forms import Form, draft_of, read_day, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.portal.words.texts import iso_time
from tenantry.surfaces.portal.words.value_words import WHOM
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/settings/policies")
@performs(Action.CHANGE_TENANT)
async def show_policies(request: Request, session: SignedIn, saved: str = "") -> Response:
    """Show the policies as they stand."""
    return await _page(request, session, draft_of(request), saved=saved == "1")


@router.post("/settings/policies")
@performs(Action.CHANGE_TENANT)
async def save(request: Request, session: SignedIn) -> Response:
    """Save the policies. Sent twice, the form changes nothing the second time."""
    form = await read_form(request)
    chosen: dict[str, Whom] = {}
    for name, choices in CHOICES.items():
        found = next((whom for whom in choices if whom == form.value(name)), None)
        if found is None:
            form.fail(name, _("Choose one of these."))
        else:
            chosen[name] = found
    ends = read_day(form, "second_factor_from")
    starts = None if ends is None else ends - DAY
    if not form.errors:
        with form.showing_errors():
            async with writing(request) as (tx, now):
                await change_policies(
                    tx, session.caller, session.here, Policies(**chosen, second_factor_from=starts), now
                )
            return see_other("/settings/policies?saved=1")
    return await _page(request, session, form)


async def _page(request: Request, session: Session, form: Form, *, saved: bool = False) -> Response:
    async with reading(request) as (read, now):
        policies, administrators, everybody = await look_at_policies(read, session.caller, session.here, now)
    choices = {name: [(whom.value, _(WHOM[whom])) for whom in whoms] for name, whoms in CHOICES.items()}
    starts = policies.second_factor_from
    return render(
        request,
        "tenant/policies.html",
        form=form,
        policies=asdict(policies),
        choices=choices,
        saved=saved,
        starts=iso_time(starts)[:10] if starts is not None else "",
        waits_until=starts if starts is not None and starts > now else None,
        administrators=administrators,
        everybody=everybody,
        most=LOOKED_AT,
    )
