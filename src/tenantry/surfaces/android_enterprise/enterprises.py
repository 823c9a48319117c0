"""`enterprises`: an EMM reads the enterprises that it manages. Source: Play EMM contract §1.1."""

from __future__ import annotations

from msgspec import Struct

from tenantry.access.actions import Action
from tenantry.core.ids import EnterpriseId
from tenantry.devices.enterprises import list_enterprises, require_enterprise
from tenantry.surfaces.android_enterprise import wire
from tenantry.surfaces.android_enterprise.coat import PLAY_EMM, ROOT
from tenantry.surfaces.operation import Ask, operations

op = operations(PLAY_EMM, f"{ROOT}/enterprises")


@op("enterprises.get", "GET", "/{enterprise_id}", Action.READ_ENTERPRISE, source="Play EMM contract §1.1")
async def get(ask: Ask, enterprise_id: EnterpriseId) -> wire.Enterprise:
    """Read one enterprise."""
    async with ask.deps.store.read() as read:
        found = await require_enterprise(read, ask.caller, Action.READ_ENTERPRISE, enterprise_id, ask.now)
    return wire.shown_enterprise(found)


class ByDomain(Struct):
    """`domain` is one of the customer's domains."""

    domain: str


@op("enterprises.list", "GET", "", Action.READ_ENTERPRISE, source="Play EMM contract §1.1")
async def list_by_domain(ask: Ask, query: ByDomain) -> wire.EnterprisesListResponse:
    """Find enterprises by a domain of their customer."""
    async with ask.deps.store.read() as read:
        found = await list_enterprises(read, ask.caller, query.domain, ask.now)
    return wire.EnterprisesListResponse([wire.shown_enterprise(enterprise) for enterprise in found] or None)
