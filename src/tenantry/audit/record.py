"""Write one event, in the transaction of what it tells of."""

from __future__ import annotations

import itertools
import os

import msgspec

from tenantry.audit.events import Event
from tenantry.core.caller import Caller
from tenantry.core.clock import Micros
from tenantry.core.ids import TenantId
from tenantry.store import audit_events
from tenantry.store.engine import Writes

_encode = msgspec.json.Encoder().encode
_count = itertools.count()
_PROCESS = os.urandom(4).hex()


async def record(tx: Writes, tenant_id: TenantId, caller: Caller, event: Event, now: Micros) -> None:
    """Append `event` to the trail of `tenant_id`. One write, which commits or rolls back with `tx`.

    Given the store itself, the event is a transaction of its own, durable on return.
    """
    partner = None if caller.tenant_id == tenant_id else caller.tenant_id
    await audit_events.insert(
        tx,
        tenant_id,
        id=_event_id(now),
        at=now,
        type=str(event.__struct_config__.tag),
        actor=caller.subject,
        connector_id=caller.connector_id,
        grant_id=caller.grant_id,
        partner_tenant_id=partner,
        correlation_id=caller.origin.correlation_id,
        address=caller.origin.address,
        data=_encode(event).decode(),
    )


def _event_id(now: Micros) -> str:
    """26 hexadecimal characters that sort by time, then as written: 14 of microseconds, 4 counted, 8 of the process."""
    return f"{now:014x}{next(_count) & 0xFFFF:04x}{_PROCESS}"
