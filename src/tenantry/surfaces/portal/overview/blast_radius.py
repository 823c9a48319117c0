"""Pages on a single thing (a connector, a token, a user, a relationship, a device): what somebody who stole it would
reach, what stops when it ends, the one button that ends it, and how it comes back.

The button sends its form to the page that ends the thing in any case. Only a device ends here.
"""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from tenantry.access import blast_radius
from tenantry.access.actions import Action
from tenantry.core.errors import NotFound
from tenantry.core.ids import ConnectorId, EnterpriseId, GrantId, ManagedAccountId, RelationshipId, UserId
from tenantry.devices.revocation import remove_device
from tenantry.directory.roles import is_within_reach
from tenantry.surfaces.portal.frame.forms import Form, once, read_form
from tenantry.surfaces.portal.frame.frame import render, see_other
from tenantry.surfaces.portal.frame.guard import SignedIn
from tenantry.surfaces.portal.frame.transactions import reading
from tenantry.surfaces.portal.words.blast_words import Radius, device_words, relationship_words, user_words
from tenantry.surfaces.portal.words.blast_words_connectors import connector_words, token_words
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/blast-radius/connector/{connector_id}")
@performs(Action.SEE_BLAST_RADIUS)
async def show_connector(request: Request, session: SignedIn, connector_id: ConnectorId) -> Response:
    """The page on a connector, which ends by being deleted."""
    async with reading(request) as (read, now):
        found = await blast_radius.connector_radius(read, session.caller, session.here, connector_id, now)
    return _show(request, connector_words(found))


@router.get("/blast-radius/token/{grant_id}")
@performs(Action.SEE_BLAST_RADIUS)
async def show_token(request: Request, session: SignedIn, grant_id: GrantId) -> Response:
    """The page on a token, which ends by being revoked."""
    async with reading(request) as (read, now):
        found = await blast_radius.token_radius(read, session.caller, session.here, grant_id, now)
    may_open = session.may(Action.READ_GROUP) or found.token.user_id == session.user_id
    return _show(request, token_words(found, links_groups=may_open))


@router.get("/blast-radius/user/{user_id}")
@performs(Action.SEE_BLAST_RADIUS)
async def show_user(request: Request, session: SignedIn, user_id: UserId) -> Response:
    """The page on a user, who is deleted and can be restored."""
    async with reading(request) as (read, now):
        found = await blast_radius.user_radius(read, session.caller, session.here, user_id, now)
        reached = await is_within_reach(read, session.caller, session.here, user_id, now)
    return _show(request, user_words(replace(found, may_end=found.may_end and reached)))


@router.get("/blast-radius/relationship/{relationship_id}")
@performs(Action.SEE_BLAST_RADIUS)
async def show_relationship(request: Request, session: SignedIn, relationship_id: RelationshipId) -> Response:
    """The page on a relationship, which ends at once."""
    async with reading(request) as (read, now):
        found = await blast_radius.relationship_radius(read, session.caller, session.here, relationship_id, now)
    return _show(request, relationship_words(found))


@router.get("/blast-radius/device/{device_key}")
@performs(Action.SEE_BLAST_RADIUS)
async def show_device(request: Request, session: SignedIn, device_key: str) -> Response:
    """The page on a device. `device_key` is the account's id, a hyphen and the Android ID."""
    account_id, android_id = _parts(device_key)
    async with reading(request) as (read, now):
        found = await blast_radius.device_radius(read, session.caller, session.here, account_id, android_id, now)
    return _show(request, device_words(found))


@router.post("/blast-radius/device/{device_key}")
@performs(Action.REVOKE_DEVICE_ACCESS)
async def end_device(request: Request, session: SignedIn, device_key: str) -> Response:
    """End the device: its credential is refused from the commit on, and its place is free."""
    account_id, android_id = _parts(device_key)
    form = await read_form(request)
    async with once(request, session, form, back="/devices") as (tx, now):
        found = await blast_radius.device_radius(tx, session.caller, session.here, account_id, android_id, now)
        await remove_device(tx, session.caller, EnterpriseId(found.device.enterprise_id), account_id, android_id, now)
    return see_other("/devices")


def _parts(device_key: str) -> tuple[ManagedAccountId, str]:
    account_id, hyphen, android_id = device_key.partition("-")
    if not hyphen or not account_id.isalnum() or not android_id.isalnum():
        raise NotFound("device")
    return ManagedAccountId(account_id), android_id


def _show(request: Request, radius: Radius) -> Response:
    return render(request, "overview/blast_radius.html", radius=radius, form=Form())
