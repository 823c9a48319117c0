"""Trails of one kind of event, sealed under a key, and somebody who may write the database."""

from __future__ import annotations

from typing import Any

from tenantry.audit import events
from tenantry.audit.record import record
from tenantry.audit.seals import SealKey
from tenantry.core.clock import HOUR, Micros
from tenantry.core.ids import TenantId, new_guid
from tenantry.store.engine.interface import Store
from tenantry.store.trail import audit_seals
from tenantry.store.trail.audit_seals import Seal
from tests.support.builders import OPERATOR
from tests.support.clock import NOON

KEY = [SealKey(0, b"k" * 32)]
LATE = NOON + 1000 * HOUR


def a_trail() -> TenantId:
    """Of nobody: a trail needs no tenant."""
    return TenantId(new_guid())


async def happen(store: Store, tenant_id: TenantId, *moments: Micros, name: str = "Night shift") -> None:
    """An event at each moment."""
    for moment in moments:
        event = events.GroupCreated(group_id="g", name=name)
        await record(store, tenant_id, OPERATOR, event, moment)


async def seals_of(store: Store, tenant_id: TenantId) -> list[Seal]:
    """All of them, in their order."""
    async with store.read() as read:
        return await audit_seals.list_after(read, tenant_id, 0, 1000)


async def tamper(store: Store, sql: str, **params: Any) -> None:
    """What somebody does who may write the database. Of `params` the statement takes what it names."""
    taken = {name: value for name, value in params.items() if f":{name}" in sql}
    assert await store.run(sql, **taken) > 0
