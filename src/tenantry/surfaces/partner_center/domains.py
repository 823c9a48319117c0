"""Whether a domain is still free, which partners ask before they make a customer."""

from __future__ import annotations

from tenantry.access.actions import Action
from tenantry.core.clock import MINUTE
from tenantry.core.errors import NotFound
from tenantry.directory.domains import is_domain_taken
from tenantry.surfaces.operation import Ask, operations
from tenantry.surfaces.partner_center.coat import PARTNER_CENTER, ROOT

op = operations(PARTNER_CENTER, f"{ROOT}/domains")

QUESTIONS_PER_MINUTE = 60
"""How many domains one tenant may ask about a minute, so that nobody lists the tenants of this server by asking for
every name.
"""


@op("Verify domain availability", "GET", "/{domain}", Action.FIND_DOMAIN, source="Partner Center contract §3.1")
async def find_domain(ask: Ask, domain: str) -> None:
    """Find out whether some tenant has the domain: 404 when it is free. Clients ask with HEAD."""
    if ask.caller.tenant_id is not None:
        ask.deps.limits.hit("domain questions", ask.caller.tenant_id, limit=QUESTIONS_PER_MINUTE, window=MINUTE)
    async with ask.deps.store.read() as read:
        if not await is_domain_taken(read, ask.caller, domain, ask.now):
            raise NotFound("domain")
