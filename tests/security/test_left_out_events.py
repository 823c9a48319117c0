"""What the trail is spared leaves a mark all the same: one event that says how many more there were, of which kinds."""

from __future__ import annotations

import json

from tenantry.core.clock import MINUTE
from tenantry.core.errors import StoreBusy
from tenantry.core.ids import TenantId
from tenantry.store.engine import Store
from tenantry.surfaces.shared.unnoted import MOST_KINDS, MOST_TENANTS, Unnoted, note_left_out
from tests.support.builders import a_group
from tests.support.kaizala import World, a_world


async def deny(world: World, times: int) -> None:
    headers = await world.token(world.bob)
    group = await a_group(world.store, world.tenant, admins=[world.anna])
    for _ in range(times):
        assert (await world.client.get(f"/kaizala/v1/groups/{group}", headers=headers)).status_code == 403


async def a_limited_world(store: Store) -> World:
    return await a_world(store, rate_limits="on", kaizala_calls_per_connector_per_minute=1000)


async def test_denials_beyond_what_is_recorded_in_a_minute_end_in_one_event_with_their_number(store: Store) -> None:
    world = await a_limited_world(store)
    await deny(world, 75)
    await note_left_out(world.app.deps)
    assert len(await world.events("access.denied")) == 60
    (event,) = await world.events("events.left_out")
    told = json.loads(event.data)
    assert told["count"] == 15
    assert list(told["kinds"].values()) == [15]
    assert next(iter(told["kinds"])).startswith("access.denied: group.read ")
    await note_left_out(world.app.deps)
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
    world = await a_limited_world(store)
    world.app.deps.unnoted.add(world.tenant.id, "access.denied: x", 7)

    class Busy:
        def write(self) -> None:
            raise StoreBusy

    class Deps:
        store = Busy()
        unnoted = world.app.deps.unnoted
        clock = world.clock

    await note_left_out(Deps())  # type: ignore[arg-type]
    await note_left_out(world.app.deps)
    assert [json.loads(event.data)["count"] for event in await world.events("events.left_out")] == [7]
    await world.client.aclose()
    await world.app.close()


def test_what_is_kept_until_the_minute_ends_is_bounded() -> None:
    unnoted = Unnoted()
    for number in range(MOST_TENANTS + 10):
        unnoted.add(TenantId(str(number)), "a")
    for number in range(100):
        unnoted.add(TenantId("0"), f"kind {number}")
    taken = unnoted.take()
    assert len(taken) == MOST_TENANTS
    assert len(taken[TenantId("0")]) == MOST_KINDS + 1
    assert sum(taken[TenantId("0")].values()) == 101
