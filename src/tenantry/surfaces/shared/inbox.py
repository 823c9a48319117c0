"""The demo's inbox: what would have gone out by SMS. Exists in demo mode only, where nothing is real."""

from __future__ import annotations

import re
from html import escape

import msgspec
from starlette.types import Receive, Scope

from tenantry.access.actions import Action
from tenantry.core.clock import to_iso
from tenantry.directory.messages import DemoInbox
from tenantry.surfaces.shared.demo_doors import NOT_HERE, is_from_here
from tenantry.surfaces.shared.deps import Deps
from tenantry.surfaces.shared.hot import HotAnswer, HotRoute, header, json_answer


async def show_inbox(deps: Deps, scope: Scope, _receive: Receive, _match: re.Match[str] | None) -> HotAnswer:
    """The last messages, newest first: a page for browsers, JSON for everybody else. PINs are in them."""
    if not is_from_here(deps.settings, scope):
        return NOT_HERE
    kept = deps.messages.latest() if isinstance(deps.messages, DemoInbox) else []
    messages = [{"sentAt": to_iso(sent.at), "to": sent.number, "text": sent.text} for sent in kept]
    if "text/html" not in (header(scope, b"accept") or ""):
        return json_answer(200, msgspec.json.encode({"messages": messages}))
    rows = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row.values())}</tr>" for row in messages)
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
        f"<title>Inbox</title><h1>Inbox of the demo</h1><table><tr><th>Sent</th><th>To</th><th>Text</th></tr>{rows}"
        f"</table>{'' if messages else '<p>Nothing was sent yet.</p>'}</html>"
    )
    return HotAnswer(200, page.encode(), [(b"content-type", b"text/html; charset=utf-8")])


HOT = [HotRoute("GET", "/dev/inbox", show_inbox, Action.READ_DEMO_INBOX)]
"""For `app.py`, which takes it in demo mode only."""
