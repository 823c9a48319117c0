"""`enterprises`: the EMM reads what it manages."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.ids import EnterpriseId
from tenantry.devices.enterprises import require_enterprise
from tenantry.surfaces.android_enterprise import wire
from tenantry.surfaces.android_enterprise.requests import answer, caller_of
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter(prefix="/androidenterprise/v1")


@router.get("/enterprises/{enterprise_id}")
@performs(Action.READ_ENTERPRISE)
async def get(request: Request, enterprise_id: EnterpriseId) -> Response:
    """enterprises.get"""
    deps = deps_of(request)
    now = deps.clock()
    caller = await caller_of(deps, request.scope, now)
    async with deps.store.read() as read:
        enterprise = await require_enterprise(read, caller, Action.READ_ENTERPRISE, enterprise_id, now)
    return answer(request, "enterprise", wire.enterprise_resource(enterprise))
