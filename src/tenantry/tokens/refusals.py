"""The mark that a refused exchange leaves in the trail of the tenant whose secret was tried.

The client gets the same text for every cause; the trail has the cause. Anybody can cause a refusal, so the event is a
`Mark`.
"""

from __future__ import annotations

from tenantry.audit.events import TokenRefused
from tenantry.audit.record import record
from tenantry.core.caller import Caller, CallerKind
from tenantry.core.errors import BadCredentials, InvalidClient
from tenantry.core.ids import ConnectorId, TenantId, parse_guid
from tenantry.store.engine.interface import Store
from tenantry.store.tokens import presented
from tenantry.tokens.issuing import TokenAsk

MALFORMED = "malformed"
"""The reason of a refusal without I/O: the text presented is no secret of anybody."""


async def note_refusal(store: Store, ask: TokenAsk, tenant_id: TenantId, error: BadCredentials, client_id: str) -> None:
    """Leave the mark of `error`. Garbage and unknown tenants leave none.

    `client_id` goes into the mark when the client was authenticated, which it was unless the error is InvalidClient. 1
    read, 1 write.
    """
    if error.reason == MALFORMED:
        return
    async with store.read() as read:
        exists = await presented.tenant_exists(read, tenant_id)
    if not exists:
        return
    authenticated = None if isinstance(error, InvalidClient) else parse_guid(client_id)
    connector_id = None if authenticated is None else ConnectorId(authenticated)
    caller = Caller(CallerKind.ANONYMOUS, ask.origin, tenant_id=tenant_id, connector_id=connector_id)
    await record(store, tenant_id, caller, TokenRefused(reason=error.reason, audience=ask.audience), ask.now)
