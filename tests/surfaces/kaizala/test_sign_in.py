"""Signing in with a phone number and a PIN, over HTTP."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from tenantry.connectors.connectors import deactivate_connector, delete_connector
from tenantry.core.clock import DAY, HOUR, MINUTE, to_millis
from tenantry.directory.users import delete_user
from tests.support.builders import OPERATOR, a_tenant, a_user
from tests.support.kaizala import World

PIN_REFUSED = {
    "message": "The PIN is not valid. Ask for a new one.",
    "errorCode": "Unauthenticated",
    "errorCategoryKey": "AuthException",
}


async def ask(world: World, number: str | None, **more: Any) -> Any:
    body = {"mobileNumber": number, "applicationId": world.connector.id, **more}
    return await world.client.post("/kaizala/v1/generatePin", json=body)


async def log_in(world: World, number: str | None, pin: Any, **more: Any) -> Any:
    body = {"mobileNumber": number, "applicationId": world.connector.id, "pin": pin, **more}
    return await world.client.post("/kaizala/v1/loginWithPinAndApplicationId", json=body)


async def a_pin(world: World, number: str | None) -> str:
    assert (await ask(world, number)).status_code == 200
    to, text = world.messages.sent[-1]
    assert to == number
    found = re.search(r"\b[1-9]\d{5}\b", text)
    assert found
    return found[0]


def wrong(pin: str) -> str:
    return "100000" if pin != "100000" else "100001"


async def test_a_pin_signs_its_user_in(world: World) -> None:
    pin = await a_pin(world, world.anna.phone_number)
    answer = await log_in(world, world.anna.phone_number, int(pin), applicationSecret=world.connector.secret)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"refreshToken", "refreshTokenExpiry", "grantedScope", "endpointUrl"}
    assert body["refreshTokenExpiry"] == to_millis(world.clock() + 365 * DAY)
    assert body["endpointUrl"] == "http://tenantry.test/kaizala/"
    assert body["grantedScope"].startswith("groupinfo.read,groupinfo.write,groupinfo.remove,groupinfo.update,")
    assert " " not in body["grantedScope"]
    exchanged = await world.client.get("/kaizala/v1/accessToken", headers=world.exchange_headers(body["refreshToken"]))
    assert exchanged.status_code == 200
    me = await world.client.get("/kaizala/v1/users/me", headers={"accessToken": exchanged.json()["accessToken"]})
    assert me.json() == {
        "id": world.anna.id,
        "mobileNumber": world.anna.phone_number,
        "name": me.json()["name"],
        "profilePic": "",
    }


async def test_the_secret_may_be_left_out_and_the_pin_be_a_string(world: World) -> None:
    pin = await a_pin(world, world.anna.phone_number)
    answer = await log_in(world, world.anna.phone_number, pin)
    assert answer.json()["refreshToken"].startswith("tny_rt_")


async def test_a_secret_that_is_given_must_match_and_costs_no_try(world: World) -> None:
    pin = await a_pin(world, world.anna.phone_number)
    for _ in range(6):
        answer = await log_in(world, world.anna.phone_number, pin, applicationSecret="nonsense")
        assert answer.status_code == 401
        assert answer.json()["message"] == "Dont have correct applicationId and secret in header!"
    assert (await log_in(world, world.anna.phone_number, pin)).status_code == 200


async def test_an_administrators_pin_opens_the_whole_organisation_and_others_only_their_groups(world: World) -> None:
    for user, seen in ((world.boss, ["Sales"]), (world.anna, ["Sales"]), (await _stranger(world), [])):
        pin = await a_pin(world, user.phone_number)
        raw = (await log_in(world, user.phone_number, pin)).json()["refreshToken"]
        exchanged = await world.client.get("/kaizala/v1/accessToken", headers=world.exchange_headers(raw))
        groups = await world.client.get("/kaizala/v1/groups", headers={"accessToken": exchanged.json()["accessToken"]})
        assert [group["groupName"] for group in groups.json()["groups"]] == seen


async def _stranger(world: World) -> Any:
    return await a_user(world.store, world.tenant, phone=True)


async def test_a_pin_works_once(world: World) -> None:
    pin = await a_pin(world, world.anna.phone_number)
    assert (await log_in(world, world.anna.phone_number, pin)).status_code == 200
    again = await log_in(world, world.anna.phone_number, pin)
    assert (again.status_code, again.json()) == (401, PIN_REFUSED)


async def test_of_many_who_present_one_pin_at_once_one_wins(world: World) -> None:
    pin = await a_pin(world, world.anna.phone_number)
    answers = await asyncio.gather(*(log_in(world, world.anna.phone_number, pin) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 15


async def test_a_pin_dies_after_five_wrong_tries(world: World) -> None:
    pin = await a_pin(world, world.anna.phone_number)
    for _ in range(5):
        assert (await log_in(world, world.anna.phone_number, wrong(pin))).json() == PIN_REFUSED
    assert (await log_in(world, world.anna.phone_number, pin)).json() == PIN_REFUSED
    reasons = [event.data for event in await world.events("pin.refused")]
    assert sum("wrong_pin" in data for data in reasons) == 5
    assert sum("no_live_pin" in data for data in reasons) == 1


async def test_a_pin_lives_five_minutes(world: World) -> None:
    pin = await a_pin(world, world.anna.phone_number)
    world.clock.advance(5 * MINUTE)
    assert (await log_in(world, world.anna.phone_number, pin)).json() == PIN_REFUSED


async def test_a_sign_in_by_pin_ends_the_last_one_by_pin_and_no_token_made_in_the_portal(world: World) -> None:
    from_portal = await world.refresh_token(world.anna, amr=("pwd",))
    by_pin = []
    for _ in range(2):
        answer = await log_in(world, world.anna.phone_number, await a_pin(world, world.anna.phone_number))
        by_pin.append(answer.json()["refreshToken"])
    statuses = [
        (await world.client.get("/kaizala/v1/accessToken", headers=world.exchange_headers(raw))).status_code
        for raw in (from_portal, *by_pin)
    ]
    assert statuses == [200, 401, 200]


async def test_a_token_made_in_the_portal_ends_every_earlier_one_of_its_user(world: World) -> None:
    answer = await log_in(world, world.anna.phone_number, await a_pin(world, world.anna.phone_number))
    await world.refresh_token(world.anna, amr=("pwd",))
    headers = world.exchange_headers(answer.json()["refreshToken"])
    assert (await world.client.get("/kaizala/v1/accessToken", headers=headers)).status_code == 401


async def test_a_new_pin_ends_the_earlier_one(world: World) -> None:
    first = await a_pin(world, world.anna.phone_number)
    second = await a_pin(world, world.anna.phone_number)
    if first != second:
        assert (await log_in(world, world.anna.phone_number, first)).json() == PIN_REFUSED
    assert (await log_in(world, world.anna.phone_number, second)).status_code == 200


async def test_a_pin_is_for_the_connector_that_asked(world: World) -> None:
    from tests.support.builders import a_connector

    pin = await a_pin(world, world.anna.phone_number)
    other = await a_connector(world.store, world.tenant)
    answer = await log_in(world, world.anna.phone_number, pin, applicationId=other.id)
    assert answer.json() == PIN_REFUSED


async def test_an_unknown_number_gets_the_same_answer_and_no_message(world: World) -> None:
    known = await ask(world, world.anna.phone_number)
    world.messages.sent.clear()
    unknown = await ask(world, "+12065559999")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (200, b"{}")
    assert world.messages.sent == []
    (refusal,) = await world.events("pin.refused")
    assert "unknown_number" in refusal.data
    assert (await log_in(world, "+12065559999", "123456")).json() == PIN_REFUSED


async def test_numbers_of_deleted_users_guests_and_other_tenants_get_no_message(world: World) -> None:
    async with world.store.write() as tx:
        await delete_user(tx, OPERATOR, world.tenant.id, world.bob.id, world.clock())
    headers = await world.token(world.anna)
    await world.client.put(
        f"/kaizala/v1/groups/{world.group}/members", json={"members": ["+12065558888"]}, headers=headers
    )
    stranger = await a_user(world.store, await a_tenant(world.store), phone=True)
    for number in (world.bob.phone_number, "+12065558888", stranger.phone_number):
        assert (await ask(world, number)).content == b"{}"
    assert world.messages.sent == []


async def test_a_user_deleted_after_the_pin_was_sent_is_not_signed_in(world: World) -> None:
    pin = await a_pin(world, world.bob.phone_number)
    async with world.store.write() as tx:
        await delete_user(tx, OPERATOR, world.tenant.id, world.bob.id, world.clock())
    assert (await log_in(world, world.bob.phone_number, pin)).json() == PIN_REFUSED


@pytest.mark.parametrize("end", [deactivate_connector, delete_connector])
async def test_a_connector_that_may_get_no_grants_gets_no_pins(world: World, end: Any) -> None:
    pin = await a_pin(world, world.anna.phone_number)
    world.messages.sent.clear()
    async with world.store.write() as tx:
        await end(tx, OPERATOR, world.tenant.id, world.connector.id, world.clock())
    for answer in (await ask(world, world.anna.phone_number), await log_in(world, world.anna.phone_number, pin)):
        assert answer.status_code == 401
        assert answer.json()["message"] == "Dont have correct applicationId and secret in header!"
    assert world.messages.sent == []


async def test_a_number_gets_so_many_pins_an_hour_known_or_not(limited_world: World) -> None:
    world = limited_world
    for number in (world.anna.phone_number, "+12065559999"):
        for _ in range(3):
            assert (await ask(world, number)).status_code == 200
        refused = await ask(world, number)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 3600
    assert len(world.messages.sent) == 3
    world.clock.advance(HOUR)
    assert (await ask(world, world.anna.phone_number)).status_code == 200


async def test_an_address_gets_so_many_tries_an_hour(limited_world: World) -> None:
    world = limited_world
    for step in range(10):
        assert (await log_in(world, f"+1206555{step:04}", "123456")).status_code == 401
    assert (await log_in(world, "+12065550099", "123456")).status_code == 429
    assert (await ask(world, world.anna.phone_number)).status_code == 429


async def test_a_failing_gateway_changes_no_answer_and_is_logged_without_the_pin(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []

    async def fail(_number: str, text: str, *, tenant_id: str) -> None:
        assert tenant_id == world.tenant.id
        sent.append(text)
        raise RuntimeError(f"gateway said no to {text}")

    monkeypatch.setattr(world.messages, "send", fail)
    answer = await ask(world, world.anna.phone_number)
    assert (answer.status_code, answer.content) == (200, b"{}")
    pin = re.findall(r"\d{6}", sent[0])[0]
    logged = "".join(capsys.readouterr())
    assert "message not sent" in logged
    assert pin not in logged
    assert str(world.anna.phone_number) not in logged


async def test_the_pin_is_stored_nowhere(world: World) -> None:
    pin = await a_pin(world, world.anna.phone_number)
    assert all(pin not in event.data for event in await world.events("pin.sent"))


async def test_the_message_leaves_when_the_answer_is_with_the_client(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever measures how long the answer takes does not learn whether a message was sent."""
    happened: list[str] = []

    async def note_message(number: str, text: str, *, tenant_id: str) -> None:
        happened.append("message")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def note(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.body":
                happened.append("more of the answer" if message.get("more_body") else "answer")

        await world.app(scope, receive, note)

    monkeypatch.setattr(world.messages, "send", note_message)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tenantry.test") as client:
        for number, expected in ((world.anna.phone_number, ["answer", "message"]), ("+12065559999", ["answer"])):
            happened.clear()
            body = {"mobileNumber": number, "applicationId": world.connector.id}
            assert (await client.post("/kaizala/v1/generatePin", json=body)).status_code == 200
            assert happened == expected
