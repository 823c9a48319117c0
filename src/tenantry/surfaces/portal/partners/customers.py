"""Customers as their partner sees them: the list, the request for roles in one, acting for one, the end of a
relationship.
"""

from __future__ import annotations

from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import EFFECTIVE_ROLES, Action, RoleId
from tenantry.access.decide import require
from tenantry.access.standing import only_reads, standing_of
from tenantry.core.clock import DAY, HOUR, Micros
from tenantry.core.ids import RelationshipId, TenantId
from tenantry.delegation.acting import enter_customer, leave_customer, look_at_entering
from tenantry.delegation.relationship_views import get_held_relationship, look_at_customer, search_customers
from tenantry.delegation.relationships import end_relationship, request_relationship, status_at
from tenantry.directory.tenants import resolve_tenant
from tenantry.store.delegation.partner_customers import LiveRelationship
from tenantry.store.delegation.relationships import DelegatedRelationship
from tenantry.surfaces.portal.frame.forms import Form, draft_of, once, read_day, read_form
from tenantry.surfaces.portal.frame.frame import ask, render, see_other
from tenantry.surfaces.portal.frame.guard import Session, SignedInAnywhere
from tenantry.surfaces.portal.frame.lists import address, next_address, position, searched
from tenantry.surfaces.portal.frame.transactions import reading, writing
from tenantry.surfaces.portal.partners.partners import ask_to_end
from tenantry.surfaces.portal.words.role_words import delegated_roles, offered_roles, role_name
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.body import is_clean
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

PAGE = 50

router = APIRouter()


@router.get("/customers")
@performs(Action.LIST_CUSTOMERS)
async def show_customers(
    request: Request, session: SignedInAnywhere, q: str = "", key: str = "", after: str = ""
) -> Response:
    """List the customers. `q` is how a name begins. Queries: those of the session, and 3, whatever the list holds."""
    text = searched(q)
    place = position(key, after)
    async with reading(request) as (read, now):
        found = await search_customers(
            read, session.caller, session.tenant_id, text=text, after=place, limit=PAGE, now=now
        )
    return render(
        request,
        "partners/customers.html",
        customers=[
            (customer, _what([row for row in found.live if row.customer_tenant_id == customer.id], session, now))
            for customer in found.customers
        ],
        restorable=deps_of(request).settings.tenant_restorable_days * DAY,
        q=text,
        first=address("/customers", q=text) if place else "",
        next=next_address("/customers", found.next, q=text),
        may_request=found.may_request,
    )


class _What(NamedTuple):
    """What a customer lets the visitor do there. `kind` is act, view or nothing; `ends` has the roles by the day on
    which they end.
    """

    kind: str
    ends: list[tuple[str, int | None]]


def _what(live: list[LiveRelationship], session: Session, now: Micros) -> _What:
    standing = standing_of(live, session.own_roles, now)
    given = standing_of(live, [RoleId.GLOBAL_ADMINISTRATOR], now)
    by_end: dict[int | None, list[str]] = {}
    for role, end in sorted(given.ends.items() if given else (), key=lambda pair: pair[1] or 0):
        by_end.setdefault(end, []).append(role_name(role))
    kind = "nothing" if standing is None else "view" if only_reads(standing.role_ids) else "act"
    return _What(kind, [(", ".join(sorted(names)), end) for end, names in by_end.items()])


@router.get("/customers/new")
@performs(Action.REQUEST_RELATIONSHIP)
async def show_request(request: Request, session: SignedInAnywhere, customer: str = "") -> Response:
    """Show the roles that a partner may ask for, in plain words. `customer`: whom to ask, when the address says so."""
    async with reading(request) as (read, now):
        await require(read, session.caller, Action.REQUEST_RELATIONSHIP, session.tenant_id, now=now)
    form = draft_of(request)
    if customer and not form.values and is_clean(customer):
        form = Form({"customer": [customer[:256]]})
    return _request_page(request, form)


@router.post("/customers/new")
@performs(Action.REQUEST_RELATIONSHIP)
async def send_request(request: Request, session: SignedInAnywhere) -> Response:
    """Send the request, which the customer's administrators see among their partners. The requests of one partner are
    counted, whether or not they name a customer that exists.
    """
    deps = deps_of(request)
    form = await read_form(request)
    wanted = form.text("customer", required=True, max_length=256)
    name = form.text("display_name", required=True, max_length=50)
    role_ids = [role for role in RoleId if role in EFFECTIVE_ROLES and role in form.texts("role_ids")]
    if not role_ids:
        form.fail("role_ids", _("Choose at least one role."))
    expires_at = read_day(form, "expires_at")
    if not form.value("expires_at"):
        form.fail("expires_at", _("Please fill this in."))
    customer_id: TenantId | None = None
    async with reading(request) as (read, now):
        await require(read, session.caller, Action.REQUEST_RELATIONSHIP, session.tenant_id, now=now)
        if not form.errors:
            with form.showing_errors():
                limit = deps.settings.relationship_requests_per_hour
                deps.limits.hit("relationship request", session.tenant_id, limit=limit, window=HOUR)
        if wanted and not form.errors:
            customer_id = await resolve_tenant(read, wanted)
            if customer_id is None:
                form.fail("customer", _("No organisation here has this domain or ID."))
    if customer_id is not None and expires_at is not None and not form.errors:
        with form.showing_errors(partner_tenant_id="customer", customer_tenant_id="customer"):
            async with once(request, session, form, back=f"/customers/{customer_id}") as (tx, now):
                await request_relationship(
                    tx,
                    session.caller,
                    customer_tenant_id=customer_id,
                    partner_tenant_id=session.tenant_id,
                    display_name=name,
                    role_ids=role_ids,
                    expires_at=expires_at,
                    now=now,
                )
    if form.errors:
        return _request_page(request, form)
    return see_other(f"/customers/{customer_id}")


def _request_page(request: Request, form: Form) -> Response:
    return render(request, "partners/customer_request.html", form=form, roles=offered_roles())


@router.get("/customers/leave")
@performs(Action.LIST_CUSTOMERS)
async def ask_leave(request: Request, session: SignedInAnywhere) -> Response:
    """Ask whether to go back to the visitor's own tenant. Pages lead here when they cannot be shown for the customer,
    or not any more.
    """
    return ask(
        request,
        title=_("Go back to %(tenant)s") % {"tenant": session.tenant_name},
        consequences=[],
        confirm=_("Go back"),
        undo=_("You can act for the customer again as long as a relationship lets you."),
        back="/customers",
    )


@router.post("/customers/leave")
@performs(Action.LIST_CUSTOMERS)
async def leave(request: Request, session: SignedInAnywhere) -> Response:
    """Go back to the visitor's own tenant, which pages show from then on."""
    await read_form(request, leaves=True)
    async with writing(request) as (tx, now):
        await leave_customer(tx, session.caller, session.id, now)
    return see_other("/customers")


@router.get("/customers/{customer_id}")
@performs(Action.LIST_CUSTOMERS)
async def show_customer(request: Request, session: SignedInAnywhere, customer_id: TenantId) -> Response:
    """Show every relationship with the customer, which roles they give together, and the form that begins to act."""
    async with reading(request) as (read, now):
        seen = await look_at_customer(read, session.caller, session.tenant_id, customer_id, now)
    of_pair = seen.relationships
    standing = standing_of(of_pair, session.own_roles, now)
    return render(
        request,
        "partners/customer.html",
        customer=seen.customer,
        name=seen.name,
        relationships=[(row, status_at(row, now)) for row in of_pair],
        standing=standing,
        roles=delegated_roles(standing.role_ids) if standing else [],
        role_name=role_name,
        is_live=any(status_at(row, now) == "active" for row in of_pair),
        may_request=seen.may_request,
        has_mfa="mfa" in session.amr,
        form=Form(),
    )


@router.get("/customers/{customer_id}/act")
@performs(Action.ACT_IN_CUSTOMER)
async def ask_act(request: Request, session: SignedInAnywhere, customer_id: TenantId) -> Response:
    """Show what acting for the customer means, before it begins."""
    async with reading(request) as (read, now):
        customer = await look_at_entering(read, session.caller, customer_id, now)
    return ask(
        request,
        title=_("Act for %(customer)s") % {"customer": customer.name},
        lead=_("The pages then show what is theirs, under a coloured bar, until you go back."),
        consequences=[],
        confirm=_("Act for them"),
        undo=_("What you do there stands in their trail with your organisation's name."),
        back=f"/customers/{customer_id}",
    )


@router.post("/customers/{customer_id}/act")
@performs(Action.ACT_IN_CUSTOMER)
async def act(request: Request, session: SignedInAnywhere, customer_id: TenantId) -> Response:
    """Begin to act for the customer, and lead to its users."""
    await read_form(request)
    async with writing(request) as (tx, now):
        await enter_customer(
            tx,
            session.caller,
            tenant_id=session.tenant_id,
            user_id=session.user_id,
            session_id=session.id,
            customer_id=customer_id,
            now=now,
        )
    return see_other("/users")


@router.get("/customers/{customer_id}/relationships/{relationship_id}/end")
@performs(Action.END_RELATIONSHIP)
async def ask_end(
    request: Request, session: SignedInAnywhere, customer_id: TenantId, relationship_id: RelationshipId
) -> Response:
    """Show what it means that a request is withdrawn, or that a live relationship ends."""
    return await _ask_end(request, session, customer_id, relationship_id, Form())


@router.post("/customers/{customer_id}/relationships/{relationship_id}/end")
@performs(Action.END_RELATIONSHIP)
async def end(
    request: Request, session: SignedInAnywhere, customer_id: TenantId, relationship_id: RelationshipId
) -> Response:
    """End the relationship at once, from the partner's side."""
    form, back = await read_form(request), f"/customers/{customer_id}"
    await _look(request, session, customer_id, relationship_id)
    with form.showing_errors():
        async with once(request, session, form, back=back) as (tx, now):
            await end_relationship(
                tx, session.caller, customer_tenant_id=customer_id, relationship_id=relationship_id, now=now
            )
        return see_other(back)
    return await _ask_end(request, session, customer_id, relationship_id, form)


async def _ask_end(
    request: Request, session: Session, customer_id: TenantId, relationship_id: RelationshipId, form: Form
) -> Response:
    relationship = await _look(request, session, customer_id, relationship_id)
    return ask_to_end(request, relationship, session.tenant_name, session.tenant_id, form)


async def _look(
    request: Request, session: Session, customer_id: TenantId, relationship_id: RelationshipId
) -> DelegatedRelationship:
    """A relationship of this partner with the customer. Raises what `access.require` does when the visitor may not end
    it.
    """
    async with reading(request) as (read, now):
        return await get_held_relationship(read, session.caller, session.tenant_id, customer_id, relationship_id, now)
