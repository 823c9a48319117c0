"""Write one event, in the transaction of what it tells of.

An event is never dated within what is sealed already: there it would look like a forgery. A clock can be set back, so
recording reads the newest seal of the trail first. Events that hot paths write for each request skip this unless this
machine's clock seems to have gone back, as seen by this process or by sealing (`doubt_clock`).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence

import msgspec

from tenantry.audit.events import AccessTokenIssued, DeviceProvisioned, DeviceTokenIssued, Event, Mark
from tenantry.audit.marks import MARKS
from tenantry.core.caller import Caller
from tenantry.core.clock import MINUTE, Micros
from tenantry.core.ids import TenantId
from tenantry.store.engine.interface import Tx, Writes
from tenantry.store.trail import audit_events

_BACK = MINUTE
"""A larger step back cannot come from waiting for the store; seals keep ten times this distance."""

_FREQUENT = frozenset({AccessTokenIssued, DeviceTokenIssued, DeviceProvisioned})

_encode = msgspec.json.Encoder().encode
_count = itertools.count()
_PROCESS = os.urandom(4).hex()


class _Clock:
    """What is known of this machine's clock. `latest` is the latest moment that any event was dated."""

    latest: Micros = 0
    is_doubted = False


def doubt_clock(is_doubted: bool) -> None:
    """Whether some trail is sealed beyond what this machine's clock says."""
    _Clock.is_doubted = is_doubted


def _look_at_clock(now: Micros) -> None:
    if now >= _Clock.latest:
        _Clock.latest = now
    elif now < _Clock.latest - _BACK:
        _Clock.is_doubted = True


async def record(tx: Writes, tenant_id: TenantId, caller: Caller, event: Event, now: Micros) -> None:
    """Append `event` to the trail of `tenant_id`. One write, which commits or rolls back with `tx`.

    Given the store itself, the event is a transaction of its own, durable on return. A mark beyond what the trail takes
    (marks.py) is counted instead.
    """
    if isinstance(event, Mark) and not MARKS.take(tenant_id, event, now):
        return
    _look_at_clock(now)
    is_plain = type(event) in _FREQUENT and not _Clock.is_doubted
    insert = audit_events.insert if is_plain else audit_events.insert_unsealed
    partner = None if caller.tenant_id == tenant_id else caller.tenant_id
    await insert(
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


async def record_all(tx: Tx, tenant_id: TenantId, caller: Caller, recorded: Sequence[Event], now: Micros) -> None:
    """Do as `record` for each of some hundreds of events, none of them a mark, in one round trip."""
    if not recorded:
        return
    _look_at_clock(now)
    partner = None if caller.tenant_id == tenant_id else caller.tenant_id
    rows = [
        {
            "tenant_id": tenant_id,
            "id": _event_id(now),
            "at": now,
            "type": str(event.__struct_config__.tag),
            "actor": caller.subject,
            "connector_id": caller.connector_id,
            "grant_id": caller.grant_id,
            "partner_tenant_id": partner,
            "correlation_id": caller.origin.correlation_id,
            "address": caller.origin.address,
            "data": _encode(event).decode(),
        }
        for event in recorded
    ]
    await audit_events.insert_all_unsealed(tx, rows)


MOST_APART = 100
_MOST_TOGETHER = 500


async def record_each(
    tx: Tx,
    tenant_id: TenantId,
    caller: Caller,
    ids: Sequence[str],
    one: Callable[[str], Event],
    together: Callable[[list[str]], Event],
    now: Micros,
) -> None:
    """Record what one change did to many: an event each for at most MOST_APART; for more, one event per some hundreds,
    since thousands of events would keep other writes waiting.
    """
    if len(ids) <= MOST_APART:
        told = [one(each) for each in ids]
    else:
        starts = range(0, len(ids), _MOST_TOGETHER)
        told = [together([*ids[start : start + _MOST_TOGETHER]]) for start in starts]
    await record_all(tx, tenant_id, caller, told, now)


def _event_id(now: Micros) -> str:
    """26 hexadecimal characters by which events sort by time, and then as they were written: 14 of microseconds, 4 of a
    counter, 8 of the process.
    """
    return f"{now:014x}{next(_count) & 0xFFFF:04x}{_PROCESS}"
