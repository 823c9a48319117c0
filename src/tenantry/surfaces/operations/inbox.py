"""The demo's inbox: the messages that would have been sent by SMS. It exists in demo mode only, where nothing
is real.
"""

from __future__ import annotations

from html import escape

import msgspec

from tenantry.access.actions import Action
from tenantry.core.clock import to_iso
from tenantry.directory.messages import DemoInbox
from tenantry.surfaces.operation import Ask, operations
from tenantry.surfaces.operations.coat import OPERATIONS
from tenantry.surfaces.shared.answers import Answer, header, json_answer
from tenantry.surfaces.shared.demo_doors import NOT_HERE, is_from_here

op = operations(OPERATIONS, "")

_STYLE = (
    "body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif}h1{font-size:1.5rem}"
    "table{width:100%;border-collapse:collapse}th,td{padding:.4rem .8rem .4rem 0;text-align:left;vertical-align:top}"
    "td{border-top:1px solid #8886;overflow-wrap:anywhere}"
)


@op(
    "inbox",
    "GET",
    "/dev/inbox",
    Action.READ_DEMO_INBOX,
    source="docs/operating.md",
    hot=True,
    gives="text/html",
    when=lambda settings: settings.demo,
)
async def show_inbox(ask: Ask) -> Answer:
    """Show the last messages, newest first: a page for browsers, JSON for other clients. They have PINs in them."""
    deps, scope = ask.deps, ask.scope
    if not is_from_here(deps.settings, scope):
        return NOT_HERE
    kept = deps.messages.latest() if isinstance(deps.messages, DemoInbox) else []
    messages = [{"sentAt": to_iso(sent.at), "to": sent.number, "text": sent.text} for sent in kept]
    if "text/html" not in (header(scope, b"accept") or ""):
        return json_answer(200, msgspec.json.encode({"messages": messages}))
    rows = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row.values())}</tr>" for row in messages)
    heading = "<tr><th>Sent</th><th>To</th><th>Text</th></tr>"
    table = f"<table>{heading}{rows}</table>" if messages else "<p>Nothing was sent yet.</p>"
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f'<link rel="icon" href="data:,"><title>Inbox of the demo</title><style>{_STYLE}</style>'
        '<p><a href="/">&larr; Portal</a></p><h1>Inbox of the demo</h1>'
        "<p>What would have gone to phones, the newest first. This page looks again every five seconds.</p>"
        f"{table}</html>"
    )
    return Answer(200, page.encode(), [(b"content-type", b"text/html; charset=utf-8")])
