"""Whether a link would open for its reader. A link that would be refused is shown as text, since it helps nobody.

It is for pages that go by roles. Where a page also opens for the owner of a thing, or for who has a role in its group,
that page decides by itself.
"""

from __future__ import annotations

import re

from tenantry.access.actions import Action
from tenantry.surfaces.portal.frame.guard import Session

_PAGES = [
    (re.compile(path), action)
    for path, action in (
        ("/audit", Action.READ_AUDIT),
        ("/blast-radius/", Action.SEE_BLAST_RADIUS),
        ("/connectors/[^/]+/secrets/", Action.CHANGE_CONNECTOR),
        ("/connectors/([^/]+/)?waiting", Action.APPROVE_CONNECTOR),
        ("/connectors", Action.READ_CONNECTOR),
        ("/devices", Action.READ_MANAGED_ACCOUNT),
        ("/enterprises", Action.READ_ENTERPRISE),
        ("/groups/[^/]+/connectors", Action.GRANT_CONNECTOR_GROUP),
        ("/partners", Action.READ_RELATIONSHIPS),
        ("/settings", Action.READ_TENANT),
        ("/users", Action.READ_USER),
    )
]
"""The beginnings of paths, each with the action that the page needs; the first that fits counts. Other pages open for
everybody, or decide by themselves.
"""


def opens(session: Session | None, href: str) -> bool:
    """Whether the reader may look at the page; an empty `href` leads nowhere."""
    action = next((action for path, action in _PAGES if path.match(href)), None)
    return bool(href) and (action is None or session is None or session.may(action))


def way_back(session: Session | None, path: str) -> str:
    """`path`, or where its reader may go instead: a user who acts in a customer finds its connectors in the map of the
    reach.
    """
    if opens(session, path):
        return path
    return "/reach" if session is not None and session.may(Action.SEE_REACH) else "/"
