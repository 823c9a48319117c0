"""What clients should not send, to each endpoint that takes a body."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.core.caller import Reach
from tenantry.core.errors import DomainError, all_kinds
from tenantry.surfaces.kaizala import errors
from tests.support.kaizala import World

GROUP = {"name": "x", "welcomeMessage": "y"}
SIGN_IN = {"mobileNumber": "+12065557777", "applicationId": "00000000-0000-4000-8000-000000000000"}


def endpoints(world: World) -> list[tuple[str, str]]:
    members = f"/kaizala/v1/groups/{world.group}/members"
    return [
        ("POST", "/kaizala/v1/generatePin"),
        ("POST", "/kaizala/v1/loginWithPinAndApplicationId"),
        ("POST", "/kaizala/v1/groups"),
        ("PUT", members),
        ("PUT", f"{members}/{world.bob.id}"),
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not json at all", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"text"', 400),
        (b"\xff\xfe", 400),
        (b'{"name":', 400),
        (b'{"name":"' + b"x" * 5_000_000 + b'"}', 413),
        (b'{"name":' + b"[" * 200 + b"]" * 200 + b"}", 400),
        (b'{"a":' * 200 + b"1" + b"}" * 200, 400),
        (b'{"name":"\\u0000"}', 400),
        (b'{"name":"\\ud800"}', 400),
        (b'{"name":NaN}', 400),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_body_that_is_none_is_refused_everywhere(world: World, body: Any, status: int) -> None:
    headers = await world.token(world.boss, Reach.TENANT)
    for method, path in endpoints(world):
        answer = await world.client.request(method, path, content=body, headers=headers)
        assert (path, answer.status_code) == (path, status)
        assert set(answer.json()) == {"message", "errorCode", "errorCategoryKey"}
        assert answer.json()["errorCode"] == "InvalidParameters"


@pytest.mark.parametrize("path", ["v1/generatePin", "v1/loginWithPinAndApplicationId", "api/oauth/token"])
async def test_a_stranger_may_send_no_more_than_a_proof_needs(world: World, path: str) -> None:
    """Parsing a megabyte of empty lists, or of a form that is percent-encoded, holds everybody else up for a second."""
    for body in (b"{a:[" + b"{}," * 6_000 + b"]}", b"code=" + b"%41" * 6_000):
        answer = await world.client.post(f"/kaizala/{path}", content=body)
        assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("groups", {"welcomeMessage": "y"}, "name"),
        ("groups", {"name": "x"}, "welcomeMessage"),
        ("groups", {**GROUP, "name": 7}, "name"),
        ("groups", {**GROUP, "name": "  "}, "name"),
        ("groups", {**GROUP, "name": "x" * 257}, "name"),
        ("groups", {**GROUP, "welcomeMessage": ["y"]}, "welcomeMessage"),
        ("groups", {**GROUP, "groupType": "Crowd"}, "groupType"),
        ("groups", {**GROUP, "groupType": {}}, "groupType"),
        ("groups", {**GROUP, "members": 7}, "members"),
        ("groups", {**GROUP, "members": {"a": 1}}, "members"),
        ("groups", {**GROUP, "members": [7]}, "members"),
        ("groups", {**GROUP, "members": ["+12065557777"] * 1001}, "members"),
        ("groups", {**GROUP, "members": "+12065557777;" * 1001}, "members"),
        ("groups", {**GROUP, "memberUserIds": [None]}, "memberUserIds"),
        ("groups", {**GROUP, "admins": True}, "admins"),
        ("generatePin", {"applicationId": SIGN_IN["applicationId"]}, "mobileNumber"),
        ("generatePin", {"mobileNumber": "+12065557777"}, "applicationId"),
        ("generatePin", {**SIGN_IN, "mobileNumber": "2065557777"}, "mobileNumber"),
        ("generatePin", {**SIGN_IN, "mobileNumber": "+1"}, "mobileNumber"),
        ("generatePin", {**SIGN_IN, "mobileNumber": 12065557777}, "mobileNumber"),
        ("generatePin", {**SIGN_IN, "mobileNumber": "+" + "1" * 60}, "mobileNumber"),
        ("loginWithPinAndApplicationId", SIGN_IN, "pin"),
        ("loginWithPinAndApplicationId", {**SIGN_IN, "pin": True}, "pin"),
        ("loginWithPinAndApplicationId", {**SIGN_IN, "pin": ["123456"]}, "pin"),
        ("loginWithPinAndApplicationId", {**SIGN_IN, "pin": "1" * 33}, "pin"),
    ],
)
async def test_a_wrong_field_is_named(world: World, path: str, body: Any, field: str) -> None:
    headers = await world.token(world.boss, Reach.TENANT)
    answer = await world.client.post(f"/kaizala/v1/{path}", json=body, headers=headers)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")
    assert field in answer.json()["message"]
    assert len(await world.events("group.created")) == 1


@pytest.mark.parametrize("body", [{}, {"role": "Owner"}, {"role": 1}, {"role": None}, {"role": "Subscriber"}])
async def test_an_unknown_role_is_refused(world: World, body: Any) -> None:
    headers = await world.token(world.boss, Reach.TENANT)
    path = f"/kaizala/v1/groups/{world.group}/members/{world.bob.id}"
    answer = await world.client.put(path, json=body, headers=headers)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")
    assert "role" in answer.json()["message"]


@pytest.mark.parametrize("pin", [0, -1, 10**30, "", " ", "abc", "12345", "1234567", 123456.5])
async def test_a_pin_of_another_form_is_refused_without_a_500(world: World, pin: Any) -> None:
    body = {"mobileNumber": world.anna.phone_number, "applicationId": world.connector.id, "pin": pin}
    answer = await world.client.post("/kaizala/v1/loginWithPinAndApplicationId", json=body)
    assert answer.status_code in (400, 401)


async def test_a_pin_that_has_no_decimal_form_is_refused_without_a_500(world: World) -> None:
    pin = "0x" + "f" * 5000
    body = f"{{mobileNumber: '{world.anna.phone_number}', applicationId: '{world.connector.id}', pin: {pin}}}"
    answer = await world.client.post("/kaizala/v1/loginWithPinAndApplicationId", content=body)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")


@pytest.mark.parametrize("bad", ["garbage", "0", "'; DROP TABLE groups; --", "@1", "%00", "a" * 3000, "%F0%28%8C%28"])
async def test_an_id_that_is_none_is_absent(world: World, bad: str) -> None:
    headers = await world.token(world.boss, Reach.TENANT)
    for method, path in (
        ("GET", f"/kaizala/v1/groups/{bad}"),
        ("GET", f"/kaizala/v1/groups/{bad}/members"),
        ("DELETE", f"/kaizala/v1/groups/{world.group}/members/{bad}"),
    ):
        answer = await world.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "NotFound")


async def test_an_unknown_connector_is_refused_before_anything_is_written(world: World) -> None:
    for path in ("generatePin", "loginWithPinAndApplicationId"):
        for application_id in (SIGN_IN["applicationId"], "garbage", "A" * 64):
            body = {**SIGN_IN, "applicationId": application_id, "pin": 123456}
            answer = await world.client.post(f"/kaizala/v1/{path}", json=body)
            assert answer.status_code == 401
            assert answer.json()["message"] == errors.CLIENT_INVALID
    assert world.messages.sent == []


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.__name__)
def test_every_kind_of_error_has_a_line(kind: type[DomainError]) -> None:
    assert kind in errors.TABLE
