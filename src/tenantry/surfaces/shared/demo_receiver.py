"""A receiver of webhooks in the demo itself, so that its webhook delivers without leaving the machine.

Exists in demo mode only. It takes every event and keeps none: the webhook's page in the portal shows them.
"""

from __future__ import annotations

import re

from starlette.types import Receive, Scope

from tenantry.access.actions import Action
from tenantry.surfaces.shared.demo_doors import NOT_HERE, is_from_here
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import HotAnswer, HotRoute

PATH = "/dev/webhook"

_TOKEN = re.compile(rb"(?:.*&)?validationToken=([A-Za-z0-9]+)")
_TEXT = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]


async def _shake(deps: Deps, scope: Scope, _receive: Receive, _match: re.Match[str] | None) -> HotAnswer:
    """The validation token, as `docs/webhooks.md` asks of a receiver."""
    if not is_from_here(deps.settings, scope):
        return NOT_HERE
    asked = _TOKEN.fullmatch(scope["query_string"])
    return HotAnswer(200, asked[1], _TEXT) if asked else HotAnswer(400, b"validationToken is missing.", _TEXT)


async def _take(deps: Deps, scope: Scope, _receive: Receive, _match: re.Match[str] | None) -> HotAnswer:
    return HotAnswer(200, b"", _TEXT) if is_from_here(deps.settings, scope) else NOT_HERE


HOT = [HotRoute("GET", PATH, _shake, Action.READ_PUBLIC), HotRoute("POST", PATH, _take, Action.READ_PUBLIC)]
"""For `app.py`, which takes them in demo mode only."""
