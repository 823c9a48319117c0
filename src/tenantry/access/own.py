"""What is a user's own: only that user asks for it, in person. The caller says whose it is; no argument does."""

from __future__ import annotations

from tenantry.access.actions import Action
from tenantry.access.decide import require
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.errors import NotFound
from tenantry.core.ids import TenantId, UserId
from tenantry.store.engine.interface import Read


async def require_own(read: Read, caller: Caller, action: Action, now: Micros) -> tuple[TenantId, UserId]:
    """The caller's tenant and user, whose own thing it is. No query, since one's own needs no role.

    Raises what `access.require` does; NotFound("user") for a caller that is no user.
    """
    if caller.tenant_id is None or caller.user_id is None:
        raise NotFound("user")
    await require(read, caller, action, caller.tenant_id, owner_id=caller.user_id, now=now)
    return caller.tenant_id, caller.user_id
