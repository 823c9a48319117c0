"""Whether a domain is still free, which partners ask before they make a customer."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from tenantry.access.actions import Action
from tenantry.core.clock import MINUTE
from tenantry.core.errors import NotFound
from tenantry.directory.domains import is_domain_taken
from tenantry.surfaces.partner_center.callers import caller_of
from tenantry.surfaces.shared.routing import performs

router = APIRouter()

QUESTIONS_PER_MINUTE = 60
"""Of one tenant, so that nobody lists the organisations of this server by asking for every name."""


@router.api_route("/domains/{domain}", methods=["GET", "HEAD"])
@performs(Action.FIND_DOMAIN)
async def find_domain(request: Request, domain: str) -> Response:
    """200 when some organisation has it, 404 when it is free; clients ask with HEAD. Source: contract §3.1."""
    deps, caller = await caller_of(request)
    if caller.tenant_id is not None:
        deps.limits.hit("domain questions", caller.tenant_id, limit=QUESTIONS_PER_MINUTE, window=MINUTE)
    async with deps.store.read() as read:
        if not await is_domain_taken(read, caller, domain, deps.clock()):
            raise NotFound("domain")
    return Response(status_code=200)
