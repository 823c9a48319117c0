"""Records a decision against an authenticated caller, so that an administrator can read later why it was made."""

from __future__ import annotations

from tenantry.audit.events import AccessDenied
from tenantry.audit.record import record
from tenantry.core.caller import Caller
from tenantry.core.errors import DomainError, StoreBusy
from tenantry.core.log import get_logger
from tenantry.surfaces.shared.deps import Deps

_log = get_logger()


async def note_denial(deps: Deps, caller: Caller, error: DomainError) -> None:
    """Append AccessDenied to the trail of the caller's own tenant, when `error` carries a decision (access.decide).

    It raises nothing that the store raises: a refusal stays a refusal when it cannot be recorded, and the log says so.
    """
    decision = getattr(error, "decision", None)
    if decision is None or caller.tenant_id is None:
        return
    event = AccessDenied(action=decision.action, reason=decision.reason, facts=list(decision.facts))
    try:
        await record(deps.store, caller.tenant_id, caller, event, deps.clock())
    except StoreBusy as busy:
        _log.warning(
            "denial not noted",
            action=event.action,
            reason=event.reason,
            correlation_id=caller.origin.correlation_id,
            error=busy.internal,
        )
