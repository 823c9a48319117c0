"""The token that provisions a managed account on a device, the one hot path.

Source: vendor page "Users: generateAuthenticationToken"; Play EMM contract §1.2.
"""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.types import Receive, Scope

from tenantry.access.actions import Action
from tenantry.core.clock import MINUTE
from tenantry.core.errors import DomainError
from tenantry.core.ids import EnterpriseId, ManagedAccountId
from tenantry.devices.device_tokens import generate_device_token
from tenantry.surfaces.android_enterprise.errors import JSON, not_served, refuse
from tenantry.surfaces.android_enterprise.requests import body_of, caller_of
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import HotAnswer, HotRoute, answer_of, header
from tenantry.surfaces.shared.origin import origin_of

_HEADERS = [(b"content-type", JSON.encode()), (b"cache-control", b"no-store")]


async def generate_authentication_token(
    deps: Deps, scope: Scope, _receive: Receive, match: re.Match[str] | None
) -> HotAnswer:
    """Hot path: users.generateAuthenticationToken (caller: 1 read; then 1 read, 1 write). A body is not looked at."""
    if match is None or (header(scope, b"x-http-method-override") or "POST").upper() != "POST":
        return answer_of(not_served())
    try:
        body = await _generate(deps, scope, match)
    except DomainError as error:
        return answer_of(await refuse(deps, Request(scope), error))
    return HotAnswer(200, body, [*_HEADERS, (b"x-correlation-id", origin_of(scope).correlation_id.encode())])


async def _generate(deps: Deps, scope: Scope, match: re.Match[str]) -> bytes:
    now = deps.clock()
    caller = await caller_of(deps, scope, now)
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
    return body_of(scope, "authenticationToken", {"token": issued.token})


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
