"""The tenant's domains: an administrator adds one, proven by a record in the DNS, and gives one up."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.core.clock import MINUTE
from tenantry.directory.domains import (
    USERS_COUNTED,
    begin_proof,
    list_domains,
    look_at_domain,
    prove_domain,
    record_of,
    remove_domain,
)
from tenantry.store.tenants.tenants import Domain
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

LIST = "/settings/domains"
QUESTIONS_PER_MINUTE = 20
"""How many questions to the DNS one tenant may ask a minute: each may hold a thread for seconds."""

router = APIRouter()


@router.get(LIST)
@performs(Action.READ_TENANT)
async def show_domains(request: Request, session: SignedIn) -> Response:
    """List the domains, with the form that adds one for whoever may."""
    return await _list_page(request, session, draft_of(request))


@router.post(LIST)
@performs(Action.CHANGE_TENANT)
async def add(request: Request, session: SignedIn) -> Response:
    """Note the domain, and lead to the page that says what to do next."""
    deps, form = deps_of(request), await read_form(request)
    now = deps.clock()
    async with deps.store.read() as read:
        await require(read, session.caller, Action.CHANGE_TENANT, session.here, now=now)
    typed, name = form.text("domain", required=True, max_length=253), ""
    if not form.errors:
        with form.showing_errors():
            async with once(request, session, form, back=LIST) as (tx, now):
                name = await begin_proof(tx, session.caller, session.here, typed, now)
    return await _list_page(request, session, form) if form.errors else see_other(f"{LIST}/{name}")


async def _list_page(request: Request, session: Session, form: Form) -> Response:
    async with reading(request) as (read, now):
        domains, waiting, may_change = await list_domains(read, session.caller, session.here, now)
    return render(request, "tenant/domains.html", form=form, domains=domains, waiting=waiting, may_change=may_change)


@router.get(LIST + "/{domain}")
@performs(Action.CHANGE_TENANT)
async def show_domain(request: Request, session: SignedIn, domain: str) -> Response:
    """Show one domain: the record to set, while it waits, or who uses it, when it is verified. Raises NotFound."""
    return await _domain_page(request, session, domain, Form())


@router.post(LIST + "/{domain}")
@performs(Action.CHANGE_TENANT)
async def verify(request: Request, session: SignedIn, domain: str) -> Response:
    """Ask the DNS for the record, for some seconds at most. Sent twice, the form verifies the domain once. Raises
    NotFound.
    """
    deps, form = deps_of(request), await read_form(request)
    with form.showing_errors():
        deps.limits.hit("domain proof", session.here, limit=QUESTIONS_PER_MINUTE, window=MINUTE)
        await prove_domain(deps.store, deps.dns, session.caller, session.here, domain, deps.clock())
    return await _domain_page(request, session, domain, form, is_new=not form.errors)


async def _domain_page(request: Request, session: Session, name: str, form: Form, *, is_new: bool = False) -> Response:
    async with reading(request) as (read, now):
        domain, proof, names = await look_at_domain(read, session.caller, session.here, name, now)
    if proof is not None:
        return render(request, "tenant/domain_proof.html", form=form, proof=proof, record=record_of(proof))
    return render(
        request, "tenant/domain.html", form=form, domain=domain, names=names, counts_to=USERS_COUNTED, is_new=is_new
    )


@router.get(LIST + "/{domain}/remove")
@performs(Action.CHANGE_TENANT)
async def ask_to_remove(request: Request, session: SignedIn, domain: str) -> Response:
    """Show what would stop, before the domain is given up; or why it cannot be given up. Raises NotFound."""
    async with reading(request) as (read, now):
        found, _proof, names = await look_at_domain(read, session.caller, session.here, domain, now)
    if found is not None and (found.is_initial or names):
        return see_other(f"{LIST}/{domain}")
    return ask(
        request,
        title=_("Remove %(name)s?") % {"name": domain},
        lead=_("No sign-in name ends in it.") if found else _("It waits for its record in the DNS."),
        consequences=_consequences(found),
        confirm=_("Remove it"),
        back=f"{LIST}/{domain}",
    )


def _consequences(domain: Domain | None) -> list[str]:
    if domain is None:
        return [_("The record proves nothing any more: when you add the domain again, there is another to set.")]
    return [
        _("Users cannot be given sign-in names that end in it."),
        _("Apps that name your organisation by it, as in %(path)s, are refused.")
        % {"path": f"/{domain.name}/oauth2/token"},
        _("At your identity providers, people with a name in it are no longer found at their first sign-in."),
        _("Another organisation can prove that it is its own, and add it."),
    ]


@router.post(LIST + "/{domain}/remove")
@performs(Action.CHANGE_TENANT)
async def remove(request: Request, session: SignedIn, domain: str) -> Response:
    """Give up a domain, or one that still waits. Raises NotFound."""
    form = await read_form(request)
    with form.showing_errors():
        async with once(request, session, form, back=LIST) as (tx, now):
            await remove_domain(tx, session.caller, session.here, domain, now)
        return see_other(LIST)
    return await _domain_page(request, session, domain, form)
