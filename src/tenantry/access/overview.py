"""What an administrator sees first: the last day by the hour, how full quotas are, what expires soon, what needs
action.

Queries: 12, however large the tenant; each reads a bounded number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tenantry.access.actions import Action, RoleId
from tenantry.access.decide import require
from tenantry.core.caller import Caller
from tenantry.core.clock import DAY, HOUR, Micros
from tenantry.core.ids import TenantId
from tenantry.store.connectors import connector_lists
from tenantry.store.connectors.connector_lists import WaitingConnector
from tenantry.store.engine.interface import Read
from tenantry.store.overview import reports
from tenantry.store.overview.reports import Ending, HourCount, Matter, QuotaCount

HOURS = 24
ENDS_WITHIN = 30 * DAY
COUNTED_EVENTS = 100_000
COUNTED_ACCOUNTS = 20_000
SHOWN_ENDS = 100
SHOWN_MATTERS = 5
_OLD_SECRET = 7 * DAY

_ISSUED = frozenset({"access_token.issued"})
_REFUSED = frozenset({"token.refused"})
_SIGNED_IN = frozenset({"session.started"})
_SIGN_IN_REFUSED = frozenset({"sign_in.refused", "second_factor.refused", "upstream_sign_in.refused"})
_DENIED = frozenset({"access.denied"})


@dataclass(frozen=True, slots=True)
class Hour:
    """How often, in one hour, tokens were issued and refused."""

    starts_at: Micros
    done: int
    refused: int


@dataclass(frozen=True, slots=True)
class Attention:
    """What somebody should do something about; lists hold the first few, each row says how many there are."""

    waiting_relationships: list[Matter]
    waiting_connectors: list[WaitingConnector]
    """Connectors for which permissions wait: the one that waits longest, which says how many there are."""
    double_secrets: list[Matter]
    unguarded_administrators: list[Matter]
    full_accounts: list[Matter]
    shared_callbacks: list[Matter]
    """Identity providers that need a redirect address of their own."""
    ending: list[Ending]
    administrators: int
    """Global Administrators, counted up to 2: if there is only one, everybody can be locked out."""
    tokens_refused: int
    sign_ins_refused: int
    denied: int


@dataclass(frozen=True, slots=True)
class Overview:
    """`is_cut`: the last day had more events than are counted, so its first hours are missing."""

    tokens: list[Hour]
    sign_ins: list[Hour]
    quotas: list[QuotaCount]
    ending: list[Ending]
    attention: Attention
    is_cut: bool


async def overview(read: Read, caller: Caller, tenant_id: TenantId, device_limit: int, now: Micros) -> Overview:
    """Raises what `access.require` does."""
    await require(read, caller, Action.SEE_REPORTS, tenant_id, now=now)
    first = now // HOUR - HOURS + 1
    from_id = first_event_id(first * HOUR)
    issued = await reports.count_issued_by_hour(read, tenant_id, from_id, COUNTED_EVENTS)
    others = await reports.count_others_by_hour(read, tenant_id, from_id, COUNTED_EVENTS)
    tokens = _by_hour([*issued, *others], first, _ISSUED, _REFUSED)
    sign_ins = _by_hour(others, first, _SIGNED_IN, _SIGN_IN_REFUSED)
    ending = await reports.list_ending(read, tenant_id, now, now + ENDS_WITHIN, SHOWN_ENDS)
    admin = RoleId.GLOBAL_ADMINISTRATOR
    return Overview(
        tokens=tokens,
        sign_ins=sign_ins,
        quotas=await reports.count_accounts_by_devices(read, tenant_id, COUNTED_ACCOUNTS),
        ending=ending,
        attention=Attention(
            waiting_relationships=await reports.list_waiting_relationships(read, tenant_id, now, SHOWN_MATTERS),
            waiting_connectors=await connector_lists.list_waiting(read, tenant_id, limit=1),
            double_secrets=await reports.list_double_secrets(read, tenant_id, now, now - _OLD_SECRET, SHOWN_MATTERS),
            unguarded_administrators=await reports.list_unguarded(read, tenant_id, admin, now, SHOWN_MATTERS),
            full_accounts=await reports.list_full_accounts(read, tenant_id, device_limit, SHOWN_MATTERS),
            shared_callbacks=await reports.list_shared_callbacks(read, tenant_id, SHOWN_MATTERS),
            ending=ending[:SHOWN_MATTERS],
            administrators=await reports.count_holders(read, tenant_id, admin, now, 2),
            tokens_refused=sum(hour.refused for hour in tokens),
            sign_ins_refused=sum(hour.refused for hour in sign_ins),
            denied=sum(count.events for count in others if count.type in _DENIED),
        ),
        is_cut=any(sum(count.events for count in counts) >= COUNTED_EVENTS for counts in (issued, others)),
    )


def first_event_id(instant: Micros) -> str:
    """A lower bound for the ids of events from `instant` on (see audit/record.py)."""
    return f"{instant:014x}"


def _by_hour(counts: Iterable[HourCount], first: int, done: frozenset[str], refused: frozenset[str]) -> list[Hour]:
    """One Hour for each of the last HOURS, in order, empty ones included."""
    sums: dict[tuple[int, bool], int] = {}
    for count in counts:
        if count.type in done or count.type in refused:
            key = (count.hour, count.type in done)
            sums[key] = sums.get(key, 0) + count.events
    return [
        Hour(hour * HOUR, sums.get((hour, True), 0), sums.get((hour, False), 0)) for hour in range(first, first + HOURS)
    ]
