"""PINs asked for numbers that nobody has: neither table nor trail grows, and nobody learns or loses anything by it."""

from __future__ import annotations

import re

import pytest

from tenantry.audit.left_out import note_left_out
from tenantry.audit.marks import PER_MINUTE
from tenantry.core.clock import HOUR
from tenantry.directory import pins
from tenantry.store.engine.interface import Store
from tests.support.kaizala import World, a_world

GENERATE, LOGIN = "/kaizala/v1/generatePin", "/kaizala/v1/loginWithPinAndApplicationId"
PLACES = 40


async def ask(world: World, number: str, path: str = GENERATE, **more: str) -> tuple[int, str]:
    body = {"mobileNumber": number, "applicationId": world.connector.id, **more}
    answer = await world.client.post(path, json=body)
    return answer.status_code, answer.text


async def rows(world: World) -> int:
    async with world.store.read() as read:
        (count,) = await read.all(
            int, "SELECT count(*) FROM phone_pins WHERE tenant_id = :tenant_id", tenant_id=world.tenant.id
        )
    return count


@pytest.fixture
def few_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins, "PLACES", PLACES)


@pytest.mark.usefixtures("few_places")
async def test_numbers_of_strangers_fill_neither_table_nor_trail_nor_lock_anybody_out(store: Store) -> None:
    world = await a_world(store, rate_limits="on", pins_per_address_per_hour=100_000)
    known = str(world.anna.phone_number)
    answers = {await ask(world, f"+1425555{number:04}") for number in range(200)}
    assert answers == {(200, "{}")}
    assert await rows(world) <= PLACES
    assert len(await world.events("pin.refused")) == PER_MINUTE
    assert await ask(world, known) == (200, "{}")
    (pin,) = re.findall(r"\b[1-9]\d{5}\b", world.messages.sent[-1][1])
    assert (await ask(world, known, LOGIN, pin=pin, applicationSecret=world.connector.secret))[0] == 200
    await note_left_out(store, world.clock)
    assert len(await world.events("events.left_out")) == 1
    await world.client.aclose()
    await world.app.close()


async def test_a_number_of_nobody_is_limited_as_one_that_is_known_and_a_pin_for_it_refused_alike(store: Store) -> None:
    world = await a_world(store, rate_limits="on", pins_per_address_per_hour=100_000, pins_per_number_per_hour=3)
    known, unknown = str(world.anna.phone_number), "+14255550199"
    asked = [[await ask(world, number) for _ in range(5)] for number in (known, unknown)]
    assert asked[0] == asked[1]
    assert [status for status, _ in asked[0]] == [200, 200, 200, 429, 429]
    tried = [[await ask(world, number, LOGIN, pin="000000") for _ in range(7)] for number in (known, unknown)]
    assert tried[0] == tried[1]
    world.clock.advance(HOUR)
    assert [(await ask(world, number))[0] for number in (known, unknown)] == [200, 200]
    await world.client.aclose()
    await world.app.close()
