"""Whether the trail is still what its seals were made over. docs/audit.md says what a seal proves."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tenantry.access.actions import Action
from tenantry.access.trail import check_trail
from tenantry.audit.seals import UNSEALED_COUNTED, BrokenSeal, is_overdue
from tenantry.core.clock import MINUTE
from tenantry.surfaces.portal.frame.frame import render
from tenantry.surfaces.portal.frame.guard import SignedIn
from tenantry.surfaces.portal.words.texts import exact_time, number
from tenantry.surfaces.portal.words.texts import gettext as _
from tenantry.surfaces.shared.deps import deps_of
from tenantry.surfaces.shared.routing import performs

SEALS = 20
"""How many seals the page checks, the newest ones. Each is over at most some 10,000 events, so that the page takes a
second at most; the command checks all seals.
"""
NOTES = 100
"""How many heads that the system's trail has noted, one a day, the page looks for; the command looks for all of
them.
"""

router = APIRouter()


@router.get("/audit/verify")
@performs(Action.READ_AUDIT)
async def verify_audit(request: Request, session: SignedIn) -> Response:
    """Make the last seals again from what the trail holds now, some events at a time, and compare. The heads that the
    system's trail has noted lately must be among the seals still. Audited.
    """
    deps, now = deps_of(request), deps_of(request).clock()
    keys = deps.master_key.seal_keys()
    verdict, noted = await check_trail(deps.store, session.caller, keys, session.here, last=SEALS, notes=NOTES, now=now)
    return render(
        request,
        "trail/audit_verify.html",
        verdict=verdict,
        why=_why(verdict.first_broken) if verdict.first_broken else "",
        noted=noted,
        overdue=is_overdue(verdict, deps.settings.audit_seal_minutes * MINUTE, now),
        counted=UNSEALED_COUNTED,
    )


def _why(broken: BrokenSeal) -> str:
    """A sentence on a broken seal: where to look, and for what."""
    names = {
        "number": number(broken.number),
        "since": exact_time(broken.since) if broken.since else _("the beginning"),
        "until": exact_time(broken.until),
        "said": number(broken.said or 0),
        "found": number(broken.found),
    }
    if broken.said is None:
        return _("Seal %(number)s is missing. It covered events from %(since)s to %(until)s.") % names
    if broken.said == broken.found:
        return (
            _(
                "Seal %(number)s does not fit. It covers events from %(since)s to %(until)s: one of the %(said)s was "
                "changed, or the seal itself."
            )
            % names
        )
    return (
        _(
            "Seal %(number)s does not fit. It covers events from %(since)s to %(until)s: there were %(said)s when it "
            "was made, and there are %(found)s now."
        )
        % names
    )
