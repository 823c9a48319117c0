"""Section 0 of the Kaizala contract, point by point; #10 is about webhooks and stands in test_webhooks.py."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenantry.core.caller import Reach
from tests.support.kaizala import World

GROUPS = "/kaizala/v1/groups"


async def test_point_1_every_success_is_exactly_200(world: World) -> None:
    headers = await world.token(world.anna)
    made = await world.client.post(GROUPS, json={"name": "A", "welcomeMessage": "B"}, headers=headers)
    path = f"{GROUPS}/{made.json()['groupId']}/members"
    answers = [
        made,
        await world.client.put(path, json={"members": [world.bob.phone_number]}, headers=headers),
        await world.client.put(f"{path}/{world.bob.id}", json={"role": "Admin"}, headers=headers),
        await world.client.delete(f"{path}/{world.bob.id}", headers=headers),
        await world.client.get(path, headers=headers),
        await world.client.get(GROUPS, headers=headers),
        await world.client.get("/kaizala/v1/users/me", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [200] * 7
    assert all(isinstance(answer.json(), dict) and answer.json() for answer in answers)


@pytest.mark.parametrize(
    "body",
    [
        "{name: 'Support', welcomeMessage: 'Hi'}",
        "{'name': 'Support', 'welcomeMessage': 'Hi', 'members': None, 'isX': True}",
        '{"name":"Support", welcomeMessage:"Hi",}',
        '{Name: "Support", /* why not */ \'welcomemessage\': "Hi"}',
    ],
)
async def test_point_2_bodies_need_not_be_strict_json(world: World, body: Any) -> None:
    headers = {**await world.token(world.anna), "content-type": "application/json"}
    answer = await world.client.post(GROUPS, content=body, headers=headers)
    assert (answer.status_code, answer.json()["groupName"]) == (200, "Support")


async def test_point_2_holds_for_the_other_bodies_too(world: World) -> None:
    number = world.anna.phone_number
    asked = await world.client.post(
        "/kaizala/v1/generatePin", content=f'{{"mobileNumber":"{number}", applicationId:"{world.connector.id}"}}'
    )
    assert asked.status_code == 200
    pin = world.messages.sent[-1][1][:6]
    logged_in = await world.client.post(
        "/kaizala/v1/loginWithPinAndApplicationId",
        content=str({"mobileNumber": number, "applicationId": world.connector.id, "pin": int(pin)}),
    )
    assert logged_in.json()["refreshToken"].startswith("tny_rt_")
    headers = await world.token(world.anna)
    path = f"{GROUPS}/{world.group}/members"
    added = await world.client.put(path, content=f"{{members:['{world.boss.phone_number}']}}", headers=headers)
    assert added.json() == {"result": True}
    promoted = await world.client.put(f"{path}/{world.boss.id}", content="{role:'Admin'}", headers=headers)
    assert promoted.status_code == 200
    found = (await world.client.get(path, headers=headers)).json()["members"]
    assert {member["id"]: member["role"] for member in found}[world.boss.id] == "Admin"


async def test_point_3_keys_headers_values_and_paths_come_in_any_letter_case(world: World) -> None:
    raw = await world.refresh_token(world.anna)
    headers = {name.upper(): value for name, value in world.exchange_headers(raw).items()}
    for path in ("/kaizala/v1/accesstoken", "/KAIZALA/V1/ACCESSTOKEN", "/kaizala/v1/AccessToken/"):
        assert (await world.client.get(path, headers=headers)).status_code == 200
    access = {"accesstoken": (await world.token(world.anna))["accessToken"]}
    for path in ("/kaizala/v1/Groups", "/Kaizala/V1/GROUPS/", f"{GROUPS}/{world.group.upper()}/Members"):
        assert (await world.client.get(path, headers=access)).status_code == 200
    body = {"NAME": "x", "WelcomeMessage": "y", "GROUPTYPE": "group", "Members": [world.bob.phone_number]}
    made = await world.client.post(GROUPS, json=body, headers=access)
    assert (made.status_code, made.json()["membersAdded"]) == (200, True)
    for path in ("/kaizala/v1/generatepin", "/kaizala/v1/GENERATEPIN/"):
        asked = await world.client.post(
            path, json={"MobileNumber": world.bob.phone_number, "ApplicationID": world.connector.id}
        )
        assert asked.status_code == 200


async def test_point_4_signing_in_with_a_pin_returns_endpoint_url(world: World) -> None:
    body = {"mobileNumber": world.anna.phone_number, "applicationId": world.connector.id}
    await world.client.post("/kaizala/v1/generatePin", json=body)
    body["pin"] = world.messages.sent[-1][1][:6]
    answer = await world.client.post("/kaizala/v1/loginWithPinAndApplicationId", json=body)
    assert answer.json()["endpointUrl"] == "http://tenantry.test/kaizala/"


async def test_point_5_endpoint_url_ends_with_a_slash_and_both_ways_to_append_work(world: World) -> None:
    raw = await world.refresh_token(world.anna)
    headers = world.exchange_headers(raw)
    root = (await world.client.get("/kaizala/v1/accessToken", headers=headers)).json()["endpointUrl"]
    assert root.endswith("/")
    for path in ("v1/accessToken", "/v1/accessToken"):
        assert (await world.client.get(root + path, headers=headers)).status_code == 200
    access = await world.token(world.anna)
    for path in ("v1/groups", "/v1/groups", "//v1//groups//"):
        assert (await world.client.get(root + path, headers=access)).status_code == 200


async def test_point_6_every_host_serves_every_endpoint(world: World) -> None:
    raw = await world.refresh_token(world.anna)
    for host in ("api.kaiza.test", "kms.kaiza.test", "kms2.kaiza.test:8080"):
        headers = {**world.exchange_headers(raw), "host": host}
        answer = await world.client.get("/kaizala/v1/accessToken", headers=headers)
        assert answer.status_code == 200
        access = {"accessToken": answer.json()["accessToken"], "host": host}
        assert (await world.client.get(GROUPS, headers=access)).status_code == 200


async def test_point_7_an_error_has_its_three_keys_and_a_success_none_of_them(world: World) -> None:
    headers = await world.token(world.anna)
    for answer in (
        await world.client.get(GROUPS),
        await world.client.get("/kaizala/v1/accessToken"),
        await world.client.get(f"{GROUPS}/garbage", headers=headers),
        await world.client.get("/kaizala/v1/nowhere", headers=headers),
        await world.client.delete(GROUPS, headers=headers),
        await world.client.post(GROUPS, content=b"", headers=headers),
        await world.client.post(GROUPS, json={"name": "x"}, headers=headers),
    ):
        assert answer.status_code >= 400
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-correlation-id"]
        assert set(answer.json()) == {"message", "errorCode", "errorCategoryKey"}
        assert all(isinstance(value, str) and value for value in answer.json().values())
    success = await world.client.get(f"{GROUPS}/{world.group}", headers=headers)
    assert success.headers["content-type"] == "application/json"
    assert not {"message", "errorCode", "errorCategoryKey"} & set(success.json())


async def test_point_8_an_invalid_access_token_has_the_values_that_clients_compare(world: World) -> None:
    for raw in ("garbage", "eyJhbGciOiJub25lIn0.e30."):
        answer = await world.client.get(GROUPS, headers={"accessToken": raw})
        assert answer.status_code == 401
        assert answer.json() == {
            "message": "Invalid token. Failure reason:Token validation failed due to unknown reason!",
            "errorCode": "InvalidToken",
            "errorCategoryKey": "AuthException",
        }


async def test_point_9_ids_may_carry_a_suffix(world: World) -> None:
    raw = await world.refresh_token(world.boss, Reach.TENANT)
    headers = {**world.exchange_headers(raw), "applicationId": f"{world.connector.id}@2"}
    access = {"accessToken": (await world.client.get("/kaizala/v1/accessToken", headers=headers)).json()["accessToken"]}
    for suffix in ("@1", "%401", "@12", ""):
        group = await world.client.get(f"{GROUPS}/{world.group}{suffix}", headers=access)
        assert group.json()["groupId"] == world.group
        path = f"{GROUPS}/{world.group}{suffix}/members/{world.bob.id}{suffix}"
        assert (await world.client.put(path, json={"role": "Member"}, headers=access)).status_code == 200
    asked = await world.client.post(
        "/kaizala/v1/generatePin",
        json={"mobileNumber": world.bob.phone_number, "applicationId": f"{world.connector.id}@1"},
    )
    assert asked.status_code == 200
    assert len(world.messages.sent) == 1


async def test_point_11_browsers_get_their_preflight_answered_and_may_read_the_answer(world: World) -> None:
    raw = await world.refresh_token(world.anna)
    browser = {"origin": "https://app.example"}
    for path, method in (
        ("/kaizala/v1/accessToken", "GET"),
        ("/kaizala//v1/groups", "GET"),
        (f"{GROUPS}/{world.group}/members", "PUT"),
        ("/kaizala/v1/generatePin", "POST"),
    ):
        preflight = await world.client.options(
            path,
            headers={
                **browser,
                "access-control-request-method": method,
                "access-control-request-headers": "accesstoken,applicationid,applicationsecret,refreshtoken,"
                "authorization,content-type,cache-control",
            },
        )
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert "refreshtoken" in preflight.headers["access-control-allow-headers"].lower()
    exchanged = await world.client.get("/kaizala/v1/accessToken", headers={**world.exchange_headers(raw), **browser})
    refused = await world.client.get("/kaizala/v1/accessToken", headers=browser)
    listed = await world.client.get(GROUPS, headers={"accessToken": exchanged.json()["accessToken"], **browser})
    assert {answer.headers["access-control-allow-origin"] for answer in (exchanged, refused, listed)} == {"*"}


async def test_point_12_field_names_are_the_english_ones(world: World) -> None:
    raw = await world.refresh_token(world.anna)
    answer = await world.client.get("/kaizala/v1/accessToken", headers=world.exchange_headers(raw))
    assert set(json.loads(answer.text)) == {
        "accessToken",
        "accessTokenExpiry",
        "endpointUrl",
        "refreshToken",
        "scope",
    }


async def test_a_bearer_header_does_as_well(world: World) -> None:
    headers = await world.token(world.anna)
    answer = await world.client.get(GROUPS, headers={"authorization": f"Bearer {headers['accessToken']}"})
    assert answer.json() == (await world.client.get(GROUPS, headers=headers)).json()
    assert [group["groupId"] for group in answer.json()["groups"]] == [world.group]
