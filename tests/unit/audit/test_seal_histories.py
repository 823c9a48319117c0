"""Whatever happens and whenever it is sealed: a trail holds until something that is sealed is touched."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tenantry.audit.seals import MARGIN, seal_trail, verify_trail
from tenantry.core.clock import MINUTE
from tenantry.core.ids import TenantId
from tenantry.store import open_store
from tenantry.store.engine.interface import Store
from tenantry.store.trail import audit_seals
from tenantry.store.trail.audit_seals import Seal, SealedEvent
from tests.support.clock import NOON
from tests.unit.audit.conftest import KEY, LATE, a_trail, happen, seals_of, tamper

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("event"), NAMES),
        st.tuples(st.just("late"), st.integers(0, MARGIN - 1)),
        st.tuples(st.just("wait"), st.integers(1, 40)),
        st.just(("seal", 0)),
        st.just(("restart", 0)),
    ),
    max_size=30,
)
COLUMNS = ("at", "type", "actor", "connector_id", "grant_id", "partner_tenant_id", "correlation_id", "address", "data")
_COPIED = ", ".join(COLUMNS)


class Sealed(NamedTuple):
    """What there is to touch, oldest first, and a number that says which of it."""

    store: Store
    tenant_id: TenantId
    seals: list[Seal]
    events: list[SealedEvent]
    pick: int

    @property
    def event(self) -> SealedEvent:
        return self.events[self.pick % len(self.events)]

    @property
    def seal(self) -> Seal:
        return self.seals[self.pick % len(self.seals)]

    async def tamper(self, sql: str, **params: Any) -> None:
        await tamper(self.store, sql, t=self.tenant_id, id=self.event.id, number=self.seal.number, **params)


async def change_an_event(sealed: Sealed) -> None:
    column = COLUMNS[sealed.pick % len(COLUMNS)]
    value = 7 if column == "at" else f"{getattr(sealed.event, column)}!"
    await sealed.tamper(f"UPDATE audit_events SET {column} = :value WHERE tenant_id = :t AND id = :id", value=value)


async def delete_an_event(sealed: Sealed) -> None:
    await sealed.tamper("DELETE FROM audit_events WHERE tenant_id = :t AND id = :id")


async def insert_an_event(sealed: Sealed) -> None:
    sql = f"""
        INSERT INTO audit_events (tenant_id, id, {_COPIED})
        SELECT tenant_id, :new, {_COPIED} FROM audit_events WHERE tenant_id = :t AND id = :id
        """
    await sealed.tamper(sql, new=sealed.event.id[:-1])


async def swap_two_events(sealed: Sealed) -> None:
    other = sealed.events[(sealed.pick + 1) % len(sealed.events)]
    assume(other[1:] != sealed.event[1:])
    sql = "UPDATE audit_events SET id = :new WHERE tenant_id = :t AND id = :old"
    for old, new in ((sealed.event.id, "x"), (other.id, sealed.event.id), ("x", other.id)):
        await sealed.tamper(sql, old=old, new=new)


async def change_a_seal(sealed: Sealed) -> None:
    values = {"event_count": 99, "sealed_at": 7, "digest": bytes(32), "last_event_id": sealed.seal.last_event_id + "0"}
    column = [*values][sealed.pick % len(values)]
    sql = f"UPDATE audit_seals SET {column} = :value WHERE tenant_id = :t AND number = :number"
    await sealed.tamper(sql, value=values[column])


async def number_a_seal_anew(sealed: Sealed) -> None:
    await sealed.tamper("UPDATE audit_seals SET number = 1000 WHERE tenant_id = :t AND number = :number")


async def delete_a_seal(sealed: Sealed) -> None:
    assume(sealed.seal != sealed.seals[-1])  # the end of a chain is missed by whoever kept it only
    await sealed.tamper("DELETE FROM audit_seals WHERE tenant_id = :t AND number = :number")


Tampering = Callable[[Sealed], Awaitable[None]]
TAMPERINGS: tuple[Tampering, ...] = (
    change_an_event,
    delete_an_event,
    insert_an_event,
    swap_two_events,
    change_a_seal,
    number_a_seal_anew,
    delete_a_seal,
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS, tampering=st.sampled_from(TAMPERINGS), pick=st.integers(0, 1000))
def test_a_trail_holds_until_something_that_is_sealed_is_touched(
    sqlite_template: Path, steps: list[tuple[str, Any]], tampering: Tampering, pick: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(sqlite_template, f"{directory}/history.db")
        asyncio.run(_check_history(f"sqlite:///{directory}/history.db", steps, tampering, pick))


async def _check_history(url: str, steps: list[tuple[str, Any]], tampering: Tampering, pick: int) -> None:
    store, tenant_id, now, happened = await open_store(url), a_trail(), NOON, 0
    try:
        for what, value in [("event", "first"), *steps]:
            match what:
                case "event":
                    await happen(store, tenant_id, now, name=value)
                case "late":
                    await happen(store, tenant_id, now - value)
                case "wait":
                    now += value * MINUTE
                case "seal":
                    await seal_trail(store, KEY, tenant_id, now)
                case "restart":
                    await store.close()
                    store = await open_store(url)
            happened += what in ("event", "late")
        verdict = await verify_trail(store, KEY, tenant_id)
        assert (verdict.broken, verdict.events + verdict.unsealed) == (0, happened)
        await seal_trail(store, KEY, tenant_id, LATE)
        assert (await verify_trail(store, KEY, tenant_id))[1:4:2] == (happened, 0)
        async with store.read() as read:
            covered = await audit_seals.list_events(read, tenant_id, "", "~", 1000)
        await tampering(Sealed(store, tenant_id, await seals_of(store, tenant_id), covered, pick))
        assert (await verify_trail(store, KEY, tenant_id)).broken > 0
    finally:
        await store.close()
