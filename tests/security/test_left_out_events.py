"""What the trail is spared leaves a mark all the same: one event that says how many more there were, of which kinds."""

from __future__ import annotations

import json

import pytest

from tenantry.audit.events import Mark, all_events
from tenantry.audit.left_out import note_left_out
from tenantry.audit.marks import MARKS, MOST_KINDS, MOST_TENANTS, PER_HOUR, PER_MINUTE, Marks
from tenantry.audit.record import record
from tenantry.core.caller import anonymous
from tenantry.core.clock import HOUR, MINUTE, system_clock
from tenantry.core.errors import StoreBusy
from tenantry.core.ids import TenantId, new_guid
from tenantry.store.engine.interface import Store
from tests.support.builders import OPERATOR, SomeTenant, a_group, a_tenant
from tests.support.clock import NOON
from tests.support.kaizala import World, a_world


async def deny(world: World, times: int) -> None:
    headers = await world.token(world.bob)
    group = await a_group(world.store, world.tenant, admins=[world.anna])
    for _ in range(times):
        assert (await world.client.get(f"/kaizala/v1/groups/{group}", headers=headers)).status_code == 403


async def data_of(store: Store, tenant: SomeTenant, tag: str) -> list[str]:
    async with store.read() as read:
        return await read.all(
            str,
            "SELECT data FROM audit_events WHERE tenant_id = :tenant_id AND type = :tag",
            tenant_id=tenant.id,
            tag=tag,
        )


async def a_limited_world(store: Store) -> World:
    return await a_world(store, rate_limits="on", kaizala_calls_per_connector_per_minute=1000)


async def test_denials_beyond_what_is_recorded_in_a_minute_end_in_one_event_with_their_number(store: Store) -> None:
    world = await a_limited_world(store)
    await deny(world, 75)
    await note_left_out(world.store, world.clock)
    assert len(await world.events("access.denied")) == 60
    (event,) = await world.events("events.left_out")
    told = json.loads(event.data)
    assert told["count"] == 15
    assert list(told["kinds"].values()) == [15]
    assert next(iter(told["kinds"])).startswith("access.denied: group.read ")
    await note_left_out(world.store, world.clock)
    assert len(await world.events("events.left_out")) == 1
    world.clock.advance(MINUTE)
    await deny(world, 1)
    assert len(await world.events("access.denied")) == 61
    await world.client.aclose()
    await world.app.close()


async def test_a_server_that_stops_notes_what_it_has_left_out(store: Store) -> None:
    world = await a_limited_world(store)
    await deny(world, 63)
    await world.app.close()
    assert [json.loads(event.data)["count"] for event in await world.events("events.left_out")] == [3]
    await world.client.aclose()


async def test_what_the_store_does_not_take_is_noted_later(store: Store) -> None:
    tenant = await a_tenant(store)
    MARKS.leave_out(tenant.id, "access.denied: x", 7)

    class Busy:
        def write(self) -> None:
            raise StoreBusy

    await note_left_out(Busy(), system_clock)  # type: ignore[arg-type]
    await note_left_out(store, system_clock)
    assert [json.loads(data)["count"] for data in await data_of(store, tenant, "events.left_out")] == [7]


async def test_nothing_is_noted_of_a_tenant_that_has_gone_meanwhile(store: Store) -> None:
    gone = TenantId(new_guid())
    MARKS.leave_out(gone, "pin.refused: unknown_number")
    await note_left_out(store, system_clock)
    async with store.read() as read:
        assert not await read.all(str, "SELECT id FROM audit_events WHERE tenant_id = :gone", gone=gone)


def test_what_is_kept_until_the_minute_ends_is_bounded() -> None:
    marks = Marks()
    for number in range(MOST_TENANTS + 10):
        marks.leave_out(TenantId(str(number)), "a")
    for number in range(100):
        marks.leave_out(TenantId("0"), f"kind {number}")
    taken = marks.take_left_out()
    assert len(taken) == MOST_TENANTS
    assert len(taken[TenantId("0")]) == MOST_KINDS + 1
    assert sum(taken[TenantId("0")].values()) == 101


def a_mark(kind: type[Mark]) -> Mark:
    return kind(**{name: [] if name == "facts" else name for name in kind.__struct_fields__})


MARKS_THERE_ARE = [kind for kind in all_events() if issubclass(kind, Mark)]


@pytest.mark.parametrize("kind", MARKS_THERE_ARE, ids=lambda kind: kind.__name__)
async def test_no_mark_of_strangers_fills_the_trail_and_none_hides_another(store: Store, kind: type[Mark]) -> None:
    tenant, other = await a_tenant(store), await a_tenant(store)
    caller, mark = anonymous(OPERATOR.origin), a_mark(kind)
    tag = str(kind.__struct_config__.tag)
    for minute in range(12):
        for _ in range(PER_MINUTE + 5):
            await record(store, tenant.id, caller, mark, NOON + minute * MINUTE)
    assert len(await data_of(store, tenant, tag)) == PER_HOUR
    another = next(each for each in MARKS_THERE_ARE if (each.budget or each) != (kind.budget or kind))
    for where, what in ((other, mark), (tenant, a_mark(another))):
        await record(store, where.id, caller, what, NOON + 11 * MINUTE)
        assert len(await data_of(store, where, str(what.__struct_config__.tag))) == 1
    await note_left_out(store, lambda: NOON + 12 * MINUTE)
    (told,) = [json.loads(data) for data in await data_of(store, tenant, "events.left_out")]
    assert told["count"] == 12 * (PER_MINUTE + 5) - PER_HOUR
    assert next(iter(told["kinds"])).startswith(tag)
    await record(store, tenant.id, caller, mark, NOON + HOUR)
    assert len(await data_of(store, tenant, tag)) == PER_HOUR + 1


def test_whatever_is_refused_denied_or_tried_again_is_a_mark() -> None:
    tags = {str(kind.__struct_config__.tag): issubclass(kind, Mark) for kind in all_events()}
    refusals = {tag: is_mark for tag, is_mark in tags.items() if tag.endswith(("refused", "denied", "reused"))}
    assert len(refusals) > 5
    assert all(refusals.values()), refusals
