"""`POST /device/v1/provision` over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tenantry.core.clock import MINUTE, SECOND
from tenantry.core.errors import all_kinds
from tenantry.store.engine.interface import Store
from tenantry.surfaces.device import errors
from tests.support.app import an_app, client_for
from tests.support.builders import (
    SomeEnterprise,
    a_device_token,
    a_managed_account,
    an_enterprise,
    live_devices,
)
from tests.support.clock import FakeClock

PATH = "/device/v1/provision"


class Scene:
    def __init__(self, store: Store, http: httpx.AsyncClient, clock: FakeClock, enterprise: SomeEnterprise) -> None:
        self.store, self.http, self.clock, self.enterprise = store, http, clock, enterprise

    async def token(self) -> str:
        self.account_id = await a_managed_account(self.store, self.enterprise)
        return await a_device_token(self.store, self.enterprise, self.account_id, now=self.clock())


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[Scene]:
    clock = FakeClock()
    app = await an_app(store, clock=clock)
    async with client_for(app) as http:
        yield Scene(store, http, clock, await an_enterprise(store))
    await app.close()


def reason(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]


def test_every_error_has_a_line() -> None:
    assert set(errors.TABLE) == set(all_kinds())


async def test_a_device_learns_who_it_is_and_gets_a_credential_once(scene: Scene) -> None:
    body = {"token": await scene.token(), "androidId": "ABCD", "managementType": "managedDevice", "unknown": [1]}
    answer = await scene.http.post(PATH, json=body)
    assert answer.status_code == 200
    given = answer.json()
    assert given.pop("deviceToken").startswith("tny_dc_")
    assert given == {
        "userId": scene.account_id,
        "enterpriseId": scene.enterprise.id,
        "deviceId": "abcd",
        "accountName": f"work-{scene.account_id}@{scene.enterprise.id.lower()}.tenantry",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert reason(await scene.http.post(PATH, json={**body, "androidId": "1"})) == (409, "tokenAlreadyUsed")
    assert reason(await scene.http.post(PATH, json=body)) == (409, "tokenAlreadyUsed")
    scene.clock.advance(10 * SECOND)
    again = await scene.http.post(PATH, json=body)
    assert (again.status_code, again.json()["deviceId"]) == (200, "abcd")


async def test_expired_unknown_and_malformed_tokens_have_their_own_answers(scene: Scene) -> None:
    token = await scene.token()
    for raw in ("x", token[:-1], token.replace("_dt_", "_rt_"), "a" * 4096):
        assert reason(await scene.http.post(PATH, json={"token": raw, "androidId": "1"})) == (404, "tokenNotFound")
    scene.clock.advance(5 * MINUTE)
    assert reason(await scene.http.post(PATH, json={"token": token, "androidId": "1"})) == (410, "tokenExpired")
    assert await live_devices(scene.store, scene.enterprise, scene.account_id) == []


BAD: list[tuple[Any, str]] = [
    (b"", "body"),
    (b"{", "body"),
    (b"[]", "body"),
    (b"[" * 200 + b"]" * 200, "body"),
    ({}, "token"),
    ({"token": 1}, "token"),
    ({"token": "a\0b"}, "token"),
    (b'{"token": "\\ud800", "androidId": "1"}', "token"),
    ({"token": "t" * 4097}, "token"),
    ({"androidId": None}, "androidId"),
    ({"androidId": "no id"}, "androidId"),
    ({"androidId": ""}, "androidId"),
    ({"managementType": "owned"}, "managementType"),
    ({"dpcPackageName": []}, "dpcPackageName"),
    ({"device": "Pixel"}, "device"),
    ({"device": {"sdkVersion": "x"}}, "device.sdkVersion"),
    ({"device": {"sdkVersion": 2**40}}, "device.sdkVersion"),
    ({"device": {"model": "m" * 1025}}, "device.model"),
]


@pytest.mark.parametrize(("bad", "field"), BAD)
async def test_a_bad_body_names_its_field_and_costs_no_token(scene: Scene, bad: Any, field: str) -> None:
    token = await scene.token()
    good = {"token": token, "androidId": "1"}
    content = bad if isinstance(bad, bytes) else json.dumps({**good, **bad} if bad else {}).encode()
    refused = await scene.http.post(PATH, content=content)
    assert reason(refused) == (400, "invalid")
    assert refused.json()["error"]["errors"][0]["location"] == field
    assert (await scene.http.post(PATH, json=good)).status_code == 200


async def test_a_large_body_and_other_paths_and_verbs_are_refused(scene: Scene) -> None:
    large = await scene.http.post(PATH, content=b'{"token": "' + b"x" * 5_000_000 + b'"}')
    assert reason(large) == (413, "requestTooLarge")
    assert reason(await scene.http.get(PATH)) == (405, "httpMethodNotAllowed")
    for path in ("/device/v1/other", PATH + "/"):
        assert reason(await scene.http.post(path)) == (404, "notFound")


async def test_who_presents_too_many_bad_tokens_waits_and_then_goes_on(store: Store) -> None:
    clock = FakeClock()
    app = await an_app(store, clock=clock, rate_limits="on", refusals_per_address_per_minute=3)
    async with client_for(app) as http:
        scene = Scene(store, http, clock, await an_enterprise(store))
        good = {"token": await scene.token(), "androidId": "1"}
        for _ in range(3):
            assert reason(await http.post(PATH, json={**good, "token": "garbage"})) == (404, "tokenNotFound")
        limited = await http.post(PATH, json=good)
        assert reason(limited) == (429, "rateLimitExceeded")
        clock.advance(int(limited.headers["retry-after"]) * SECOND)
        assert (await http.post(PATH, json=good)).status_code == 200
    await app.close()


async def test_a_body_larger_than_any_device_needs_is_refused(scene: Scene) -> None:
    answer = await scene.http.post(PATH, json={"token": await scene.token(), "androidId": "ab", "x": [1] * 40_000})
    assert reason(answer) == (413, "requestTooLarge")
