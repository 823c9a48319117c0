"""Partners as their customer sees them: who asks to act here, who may act with which roles, and what they did."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.core.clock import DAY
from tenantry.core.ids import RelationshipId, TenantId
from tenantry.delegation.relationship_views import get_relationship, list_partners, look_at_relationship
from tenantry.delegation.relationships import approve_relationship, end_relationship, status_at
from tenantry.store.delegation.relationships import DelegatedRelationship
from tenantry.surfaces.portal.frame.forms import Form, once, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedIn
from tenantry.surfaces.portal.frame.lists import address
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.audit_words import told
from tenantry.surfaces.portal.words.role_words import delegated_roles, explained_roles, role_name
from tenantry.surfaces.portal.words.texts import day
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.routing import performs

PAGE = 50
TRAIL = 50

router = APIRouter()


@router.get("/partners")
@performs(Action.READ_RELATIONSHIPS)
async def show_partners(request: Request, session: SignedIn, after: str = "", standing: str = "") -> Response:
    """List the relationships: those that wait for an answer first, those that are over last. Queries: those of the
    session, and 2.
    """
    place = (int(standing), after) if after and is_clean(after) and standing in ("0", "1", "2") else (-1, "")
    async with reading(request) as (read, now):
        found = await list_partners(read, session.caller, session.here, after=place, limit=PAGE + 1, now=now)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return render(
        request,
        "partners/partners.html",
        relationships=found[:PAGE],
        first="/partners" if place[0] >= 0 else "",
        next=address("/partners", standing=str(last.standing), after=last.id) if last else "",
        role_name=role_name,
    )


@router.get("/partners/{relationship_id}")
@performs(Action.READ_RELATIONSHIPS)
async def show_relationship(request: Request, session: SignedIn, relationship_id: RelationshipId) -> Response:
    """Show one relationship: the partner, the roles in plain words, the day on which it ends, and what its users did in
    the last 30 days.
    """
    async with reading(request) as (read, now):
        seen = await look_at_relationship(
            read, session.caller, session.here, relationship_id, since=now - 30 * DAY, limit=TRAIL, now=now
        )
    relationship = seen.relationship
    return render(
        request,
        "partners/partner.html",
        relationship=relationship,
        partner=seen.partner_name,
        state=status_at(relationship, now),
        roles=delegated_roles(relationship.role_ids.split()),
        may_decide=seen.may_approve and session.acting_tenant is None,
        trail=told(seen.done, seen.names),
        accounts=seen.accounts,
        made=told(seen.made, seen.names),
        most=TRAIL,
    )


@router.get("/partners/{relationship_id}/approve")
@performs(Action.APPROVE_RELATIONSHIP)
async def ask_approve(request: Request, session: SignedIn, relationship_id: RelationshipId) -> Response:
    """Show what the partner will be able to do, before the relationship is approved."""
    return await _ask_approve(request, session, relationship_id, Form())


@router.post("/partners/{relationship_id}/approve")
@performs(Action.APPROVE_RELATIONSHIP)
async def approve(request: Request, session: SignedIn, relationship_id: RelationshipId) -> Response:
    """Approve the relationship. When it was withdrawn or answered meanwhile, the page refuses."""
    form, back = await read_form(request), f"/partners/{relationship_id}"
    with form.showing_errors():
        async with once(request, session, form, back=back) as (tx, now):
            await approve_relationship(
                tx, session.caller, customer_tenant_id=session.here, relationship_id=relationship_id, now=now
            )
        return see_other(back)
    return await _ask_approve(request, session, relationship_id, form)


async def _ask_approve(request: Request, session: Session, relationship_id: RelationshipId, form: Form) -> Response:
    relationship, partner = await _look(request, session, relationship_id, Action.APPROVE_RELATIONSHIP)
    lines = [
        *(f"{role.name}: {role.covers}" for role in delegated_roles(relationship.role_ids.split())),
        _(
            "Whatever the roles: they give no role beyond these, change no account that holds one, and decide nothing "
            "about your administrators, sign-in, domains and partners."
        ),
        _(
            "Accounts they make stay when this ends, as do webhooks, tokens and secrets. The page of the relationship "
            "then lists them, for you to keep or to end."
        ),
    ]
    until = day(relationship.expires_at) if relationship.expires_at else ""
    return ask(
        request,
        title=_("Let %(partner)s act here") % {"partner": partner},
        lead=_("Users of %(partner)s who signed in with a second step may then do this until %(day)s:")
        % {"partner": partner, "day": until},
        consequences=lines,
        confirm=_("Approve"),
        undo=_("You can end it at any time, at once. Everything they do stands in your trail."),
        back=f"/partners/{relationship_id}",
        form=form,
    )


@router.get("/partners/{relationship_id}/end")
@performs(Action.END_RELATIONSHIP)
async def ask_end(request: Request, session: SignedIn, relationship_id: RelationshipId) -> Response:
    """Show what it means that a request is declined, or that a live relationship ends."""
    return await _ask_end(request, session, relationship_id, Form())


@router.post("/partners/{relationship_id}/end")
@performs(Action.END_RELATIONSHIP)
async def end(request: Request, session: SignedIn, relationship_id: RelationshipId) -> Response:
    """End the relationship, at once and for good."""
    form, back = await read_form(request), f"/partners/{relationship_id}"
    with form.showing_errors():
        async with once(request, session, form, back=back) as (tx, now):
            await end_relationship(
                tx, session.caller, customer_tenant_id=session.here, relationship_id=relationship_id, now=now
            )
        return see_other(back)
    return await _ask_end(request, session, relationship_id, form)


async def _ask_end(request: Request, session: Session, relationship_id: RelationshipId, form: Form) -> Response:
    relationship, partner = await _look(request, session, relationship_id, Action.END_RELATIONSHIP)
    return ask_to_end(request, relationship, partner, session.here, form)


def ask_to_end(
    request: Request, relationship: DelegatedRelationship, partner: str, here: TenantId, form: Form
) -> Response:
    """The page that asks whether a relationship shall end, for the customer and for the partner."""
    waits = relationship.status == "approvalPending"
    by_customer = relationship.tenant_id == here
    if waits:
        title = _("Decline the request of %(partner)s") if by_customer else _("Withdraw the request %(name)s")
        consequences = [_("The request is closed. Nothing was allowed by it."), _("A new one can be made at any time.")]
    else:
        title = _("End what %(partner)s may do here") if by_customer else _("End the relationship %(name)s")
        names = ", ".join(role.name for role in explained_roles(relationship.role_ids.split()))
        consequences = [
            _("The partner's users and apps lose at once: %(roles)s.") % {"roles": names},
            _("Tokens by which the partner's apps act here are refused from then on."),
            _("Other relationships of the two go on."),
            _("Accounts they made, webhooks, tokens and secrets stay; the page of the relationship lists them."),
            _("This cannot be undone. The partner can ask again."),
        ]
    back = f"/partners/{relationship.id}" if by_customer else f"/customers/{relationship.tenant_id}"
    return ask(
        request,
        title=title % {"partner": partner, "name": relationship.display_name},
        lead=relationship.display_name if by_customer else "",
        consequences=consequences,
        confirm=(_("Decline") if by_customer else _("Withdraw")) if waits else _("End it"),
        back=back,
        form=form,
    )


async def _look(
    request: Request, session: Session, relationship_id: RelationshipId, action: Action
) -> tuple[DelegatedRelationship, str]:
    """A relationship of this customer, and the partner's name. Raises what `access.require` does when the visitor may
    not do `action`.
    """
    async with reading(request) as (read, now):
        return await get_relationship(read, session.caller, action, session.here, relationship_id, now)
