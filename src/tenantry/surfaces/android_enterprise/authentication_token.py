"""The token that provisions a managed account on a device, the one hot path.

Source: vendor page "Users: generateAuthenticationToken"; Play EMM contract §1.2.
"""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tenantry.access.actions import Action
from tenantry.core.clock import MINUTE
from tenantry.core.errors import DomainError
from tenantry.core.ids import EnterpriseId, ManagedAccountId
from tenantry.devices.device_tokens import generate_device_token
from tenantry.surfaces.android_enterprise.errors import not_served, refuse
from tenantry.surfaces.android_enterprise.requests import answer, caller_of
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import HotRoute


async def generate_authentication_token(
    deps: Deps, scope: Scope, receive: Receive, send: Send, match: re.Match[str] | None
) -> None:
    """Hot path: users.generateAuthenticationToken (caller: 1 read; then 1 read, 1 write). A body is not looked at."""
    request = Request(scope)
    try:
        response = await _generate(deps, request, match)
    except DomainError as error:
        response = await refuse(deps, request, error)
    await response(scope, receive, send)


async def _generate(deps: Deps, request: Request, match: re.Match[str] | None) -> Response:
    if match is None or request.headers.get("x-http-method-override", "POST").upper() != "POST":
        return not_served()
    now = deps.clock()
    caller = await caller_of(deps, request, now)
    issued = await generate_device_token(
        deps.store,
        deps.hasher,
        caller,
        enterprise_id=EnterpriseId(match["enterprise"]),
        account_id=ManagedAccountId(match["user"]),
        device_limit=deps.settings.device_limit,
        lifetime=deps.settings.device_token_minutes * MINUTE,
        now=now,
    )
    response = answer(request, "authenticationToken", {"token": issued.token})
    response.headers["cache-control"] = "no-store"
    return response


HOT = [
    HotRoute(
        "POST",
        re.compile(
            r"/androidenterprise/v1/enterprises/(?P<enterprise>[A-Za-z0-9]+)/users/(?P<user>[A-Za-z0-9]+)"
            r"/authenticationToken"
        ),
        generate_authentication_token,
        Action.GENERATE_DEVICE_TOKEN,
    )
]
