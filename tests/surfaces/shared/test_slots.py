"""Hot operations answered as slots: the same answers, events and counts as by their handlers, whatever is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tenantry.connectors.connectors import delete_connector
from tenantry.core.clock import DAY
from tenantry.core.errors import StoreBusy, StoreUnavailable
from tenantry.core.ids import new_guid
from tenantry.store import Store, open_store
from tenantry.store.engine.interface import Slot
from tenantry.store.engine.sqlite import SqliteStore
from tenantry.tokens.grants import revoke_grant
from tests.support.builders import OPERATOR, a_grant
from tests.support.kaizala import World, a_world
from tests.support.wire import RawConnection

URL = "/kaizala/v1/accessToken"


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    """Of the engine that takes slots."""
    opened = await open_store(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> list[Slot]:
    """Those that the store has taken in."""
    taken: list[Slot] = []
    queue = SqliteStore.queue

    def noting(self: SqliteStore, slot: Slot) -> bool:
        taken.append(slot)
        return queue(self, slot)

    monkeypatch.setattr(SqliteStore, "queue", noting)
    return taken


def without_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteStore, "queue", lambda _self, _slot: False)


async def exchange(world: World, raw: str, **headers: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    sent = {**world.exchange_headers(raw), "x-request-id": "one-request", **headers}
    answer = await world.client.get(URL, headers={name: value for name, value in sent.items() if value})
    body = answer.json()
    body.pop("accessToken", None)
    body["refreshToken"] = bool(body.get("refreshToken"))
    return answer.status_code, body, {name: value for name, value in answer.headers.items() if name != "date"}


async def outcome_of(world: World, raw: str, **headers: str) -> list[object]:
    """All that an exchange shows: its answer, its events, the counters."""
    world.app.deps.metrics.requests.clear()
    world.app.deps.metrics.tokens.clear()
    before = len(await world.events("access_token.issued")), len(await world.events("token.refused"))
    answer = await exchange(world, raw, **headers)
    issued, refused = await world.events("access_token.issued"), await world.events("token.refused")
    events = [
        (event.actor, event.connector_id, event.grant_id, event.correlation_id, event.address)
        for event in (*issued[before[0] :], *refused[before[1] :])
    ]
    return [answer, events, dict(world.app.deps.metrics.requests), dict(world.app.deps.metrics.tokens)]


CASES: dict[str, dict[str, str]] = {
    "success": {},
    "of another origin": {"origin": "https://app.example"},
    "no id": {"applicationId": ""},
    "an unknown id": {"applicationId": new_guid()},
    "no secret": {"applicationSecret": ""},
    "garbage for a secret": {"applicationSecret": "tny_cs_x"},
    "no token": {"refreshToken": ""},
    "garbage for a token": {"refreshToken": "tny_rt_x"},
    "a packed body": {"content-encoding": "gzip"},
    "an unknown coding": {"content-encoding": "br"},
}


@pytest.mark.parametrize("case", CASES)
async def test_a_slot_answers_records_and_counts_as_the_handler_does(
    store: Store, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_world(store, cors_origins=["https://app.example"])
    raw = await world.refresh_token(world.anna)
    by_slot = await outcome_of(world, raw, **CASES[case])
    without_slots(monkeypatch)
    assert await outcome_of(world, raw, **CASES[case]) == by_slot


async def test_a_success_goes_by_a_slot_and_its_event_is_of_the_user(store: Store, slots: list[Slot]) -> None:
    world = await a_world(store)
    status, *_ = await exchange(world, await world.refresh_token(world.anna))
    assert (status, len(slots)) == (200, 1)
    (event,) = await world.events("access_token.issued")
    assert (event.actor, event.connector_id, event.address) == (
        f"user:{world.anna.id}",
        world.connector.id,
        "192.0.2.1",
    )


async def test_what_has_ended_is_refused_at_once_and_leaves_a_mark(store: Store, slots: list[Slot]) -> None:
    world = await a_world(store)
    grant = await a_grant(store, world.connector, world.anna, now=world.clock())
    assert (await exchange(world, grant.refresh_token))[0] == 200
    async with store.write() as tx:
        await revoke_grant(tx, OPERATOR, world.tenant.id, grant.id, "asked", world.clock())
    assert (await exchange(world, grant.refresh_token))[0] == 401
    async with store.write() as tx:
        await delete_connector(tx, OPERATOR, world.tenant.id, world.connector.id, world.clock())
    assert (await exchange(world, grant.refresh_token))[0] == 401
    assert len(slots) == 3
    assert [event.data for event in await world.events("token.refused")] == [
        '{"type":"token.refused","reason":"revoked","audience":"kaizala"}',
        '{"type":"token.refused","reason":"connector_deleted","audience":"kaizala"}',
    ]


async def test_a_token_that_must_be_renewed_is_left_to_the_handler(store: Store, slots: list[Slot]) -> None:
    world = await a_world(store)
    raw = await world.refresh_token(world.anna)
    world.clock.advance(330 * DAY)
    status, body, _ = await exchange(world, raw)
    assert (status, body["refreshToken"], len(slots)) == (200, True, 1)
    assert len(await world.events("access_token.issued")) == 1


async def test_bad_credentials_are_throttled_before_a_slot_is_taken(store: Store, slots: list[Slot]) -> None:
    world = await a_world(store, rate_limits="on", refusals_per_address_per_minute=2)
    raw = await world.refresh_token(world.anna)
    asked = [await exchange(world, raw, applicationSecret="x") for _ in range(2)]
    limited = await exchange(world, raw)
    assert [status for status, *_ in (*asked, limited)] == [401, 401, 429]
    assert int(limited[2]["retry-after"]) > 0
    assert slots == []


async def test_the_calls_of_a_connector_are_counted(store: Store, slots: list[Slot]) -> None:
    world = await a_world(store, rate_limits="on", kaizala_calls_per_connector_per_minute=2)
    raw = await world.refresh_token(world.anna)
    assert [(await exchange(world, raw))[0] for _ in range(3)] == [200, 200, 429]
    assert len(slots) == 3


@pytest.mark.parametrize("error", [StoreBusy(), StoreUnavailable()])
async def test_a_store_that_takes_nothing_is_told_with_503(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: StoreBusy
) -> None:
    world = await a_world(store)
    raw = await world.refresh_token(world.anna)

    def fail(_self: SqliteStore, slot: Slot) -> bool:
        asyncio.get_running_loop().call_soon(slot.fail, error)
        return True

    monkeypatch.setattr(SqliteStore, "queue", fail)
    status, _, headers = await exchange(world, raw)
    assert (status, "retry-after" in headers) == (503, True)


async def test_a_bug_in_a_slot_is_answered_with_the_correlation_id_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_world(store)
    raw = await world.refresh_token(world.anna)

    def queue(_self: SqliteStore, _slot: Slot) -> bool:
        raise LookupError("a secret")

    monkeypatch.setattr(SqliteStore, "queue", queue)
    answer = await world.client.get(URL, headers={**world.exchange_headers(raw), "x-request-id": "named"})
    assert (answer.status_code, answer.headers["x-correlation-id"]) == (500, "named")
    assert "secret" not in answer.text


async def test_what_a_trusted_proxy_says_of_the_client_is_in_the_event(store: Store, slots: list[Slot]) -> None:
    world = await a_world(store, trusted_proxies=["192.0.2.0/24"])
    raw = await world.refresh_token(world.anna)
    await exchange(world, raw, **{"x-forwarded-for": "198.51.100.1, 203.0.113.9"})
    assert [event.address for event in await world.events("access_token.issued")] == ["203.0.113.9"]
    assert len(slots) == 1


async def test_a_host_name_of_its_own_leads_to_the_slot_once(store: Store, slots: list[Slot]) -> None:
    world = await a_world(store, host_roots={"kms.example": "/kaizala"})
    headers = {**world.exchange_headers(await world.refresh_token(world.anna)), "host": "kms.example"}
    assert (await world.client.get("/v1/accessToken", headers=headers)).status_code == 200
    assert len(slots) == 1
    bad = {**headers, "refreshToken": headers["refreshToken"][:-1] + "0"}
    assert (await world.client.get("/v1/accessToken", headers=bad)).status_code == 401


def request_of(world: World, raw: str, more: str = "") -> bytes:
    """The bytes of an exchange; `more`: further lines of its head."""
    lines = [
        f"GET {URL} HTTP/1.1",
        "Host: x",
        *(f"{name}: {value}" for name, value in world.exchange_headers(raw).items()),
    ]
    return "".join(f"{line}\r\n" for line in [*lines, *more.splitlines(), ""]).encode()


async def test_requests_that_come_together_on_one_connection_are_answered_in_their_order(store: Store) -> None:
    world = await a_world(store)
    raw = await world.refresh_token(world.anna)
    connection = RawConnection(world.app)
    requests = [request_of(world, raw, f"x-request-id: number-{number}") for number in range(3)]
    requests.insert(1, b"GET /kaizala/v1/users/me HTTP/1.1\r\nHost: x\r\nx-request-id: between\r\n\r\n")
    connection.send(b"".join(requests))
    answers = await connection.until(4)
    named = [answer.split(b"x-correlation-id: ")[1].split(b"\r\n")[0] for answer in answers]
    assert named == [b"number-0", b"between", b"number-1", b"number-2"]
    assert [answer.split(b" ")[1] for answer in answers] == [b"200", b"401", b"200", b"200"]


async def test_a_body_that_is_sent_to_who_takes_none_is_not_the_next_request(store: Store, slots: list[Slot]) -> None:
    world = await a_world(store)
    raw = await world.refresh_token(world.anna)
    hidden = request_of(world, raw)
    connection = RawConnection(world.app)
    connection.send(request_of(world, raw, f"content-length: {len(hidden)}") + hidden + request_of(world, raw))
    answers = await connection.until(2)
    await asyncio.sleep(0.01)
    assert [len(answers), len(slots), connection.written.count(b"HTTP/1.1 200")] == [2, 2, 2]


async def test_who_waits_to_be_told_to_go_on_is_answered(store: Store, slots: list[Slot]) -> None:
    world = await a_world(store)
    connection = RawConnection(world.app)
    raw = await world.refresh_token(world.anna)
    connection.send(request_of(world, raw, "expect: 100-continue\ncontent-length: 1"))
    answers = await connection.until(1)
    assert answers[-1].startswith(b"HTTP/1.1 200")
    assert slots == []


async def test_a_server_that_stops_answers_who_waits_and_then_hangs_up(store: Store) -> None:
    world = await a_world(store)
    connection = RawConnection(world.app)
    connection.send(request_of(world, await world.refresh_token(world.anna)))
    assert connection.written == b""
    connection.protocol.shutdown()
    (answer,) = await connection.until(1)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close\r\n" in answer
    assert connection.is_closing()


async def test_who_has_hung_up_is_sent_nothing_and_its_neighbours_are_answered(store: Store) -> None:
    world = await a_world(store)
    raw = await world.refresh_token(world.anna)
    gone, stays = RawConnection(world.app), RawConnection(world.app)
    gone.send(request_of(world, raw))
    stays.send(request_of(world, raw))
    gone.hang_up()
    (answer,) = await stays.until(1)
    assert answer.startswith(b"HTTP/1.1 200")
    assert gone.written == b""
    assert len(await world.events("access_token.issued")) == 2


async def test_nothing_is_answered_before_the_turn_has_come(store: Store) -> None:
    world = await a_world(store)
    raw = await world.refresh_token(world.anna)
    connection = RawConnection(world.app)
    async with store.write() as tx:
        await tx.run("UPDATE tenants SET name = 'kept' WHERE id = :tenant_id", tenant_id=world.tenant.id)
        connection.send(request_of(world, raw))
        await asyncio.sleep(0.01)
        assert connection.written == b""
    (answer,) = await connection.until(1)
    assert answer.startswith(b"HTTP/1.1 200")
