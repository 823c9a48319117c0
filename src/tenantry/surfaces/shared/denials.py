"""A decision against a proven caller leaves a mark, so that an administrator can read later why."""

from __future__ import annotations

from tenantry.audit.events import AccessDenied
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.clock import MINUTE
from tenantry.core.errors import DomainError, RateLimited, StoreBusy
from tenantry.core.log import get_logger
from tenantry.surfaces.shared.deps import Deps

NOTES_PER_MINUTE = 60
"""Of one tenant: a client that repeats what it may not do fills neither the disk nor the log. The rest
is counted (`unnoted.py`)."""

_log = get_logger()


async def note_denial(deps: Deps, caller: Caller, error: DomainError) -> None:
    """Append AccessDenied to the trail of the caller's own tenant, when `error` carries a decision (access.decide).

    Never raises what the store raises: a refusal stays a refusal when it cannot be noted, and the log says so.
    """
    decision = getattr(error, "decision", None)
    if decision is None or caller.tenant_id is None:
        return
    event = AccessDenied(action=decision.action, reason=decision.reason, facts=list(decision.facts))
    try:
        deps.limits.hit("denials", caller.tenant_id, limit=NOTES_PER_MINUTE, window=MINUTE)
        async with deps.store.write() as tx:
            await record(tx, caller.tenant_id, caller, event, deps.clock())
    except RateLimited:
        deps.unnoted.add(caller.tenant_id, f"access.denied: {decision.action} {decision.reason}")
    except StoreBusy as busy:
        _log.warning(
            "denial not noted",
            action=event.action,
            reason=event.reason,
            correlation_id=caller.origin.correlation_id,
            error=busy.internal,
        )
