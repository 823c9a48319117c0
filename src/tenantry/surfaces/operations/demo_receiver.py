"""A receiver of webhooks in the demo itself, so that the demo's webhook delivers without leaving the machine.

It exists in demo mode only. It takes every event and keeps none: the webhook's page in the portal shows them.
"""

from __future__ import annotations

import re

from tenantry.access.actions import Action
from tenantry.settings import Settings
from tenantry.surfaces.operation import Ask, operations
from tenantry.surfaces.operations.coat import OPERATIONS
from tenantry.surfaces.shared.answers import Answer
from tenantry.surfaces.shared.demo_doors import NOT_HERE, is_from_here

PATH = "/dev/webhook"

_TOKEN = re.compile(rb"(?:.*&)?validationToken=([A-Za-z0-9]+)")
_KIND = "text/plain"
_TEXT = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]


op = operations(OPERATIONS, PATH)


def _in_demo(settings: Settings) -> bool:
    return settings.demo


@op(
    "receiver.handshake", "GET", "", Action.READ_PUBLIC, source="docs/webhooks.md", hot=True, gives=_KIND, when=_in_demo
)
async def shake(ask: Ask) -> Answer:
    """Answer the validation token, as a receiver has to."""
    if not is_from_here(ask.deps.settings, ask.scope):
        return NOT_HERE
    asked = _TOKEN.fullmatch(ask.scope["query_string"])
    return Answer(200, asked[1], _TEXT) if asked else Answer(400, b"validationToken is missing.", _TEXT)


@op("receiver.take", "POST", "", Action.READ_PUBLIC, source="docs/webhooks.md", hot=True, gives=_KIND, when=_in_demo)
async def take(ask: Ask) -> Answer:
    """Take an event."""
    return Answer(200, b"", _TEXT) if is_from_here(ask.deps.settings, ask.scope) else NOT_HERE
