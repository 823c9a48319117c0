"""The first page: where to begin."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.surfaces.portal.frame import render
from tenantry.surfaces.portal.guard import SignedIn
from tenantry.surfaces.shared.routing import performs

router = APIRouter()


@router.get("/")
@performs(Action.SEE_HOME)
async def show_home(request: Request, _session: SignedIn) -> Response:
    """The steps of the reference page, in order."""
    return render(request, "home.html")
