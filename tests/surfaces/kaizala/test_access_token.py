"""The refresh token's exchange, A3 of the contract."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.access.actions import Permission
from tenantry.connectors.connectors import deactivate_connector, delete_connector
from tenantry.core.caller import Reach
from tenantry.core.clock import DAY, HOUR, SECOND, to_millis
from tenantry.core.ids import GrantId, TenantId
from tenantry.directory.tenants import delete_tenant
from tenantry.directory.users import delete_user
from tenantry.store.engine.interface import Store, Tx
from tenantry.tokens.grants import revoke_grant
from tenantry.tokens.secrets import SecretKind
from tests.support.builders import HASHER, OPERATOR, SomeGrant, a_connector, a_grant, a_tenant
from tests.support.kaizala import World, a_world

TOKEN_INVALID = {
    "message": "Invalid token. Failure reason:Token validation failed due to unknown reason!",
    "errorCode": "InvalidToken",
    "errorCategoryKey": "AuthException",
}
CLIENT_INVALID = {
    "message": "Dont have correct applicationId and secret in header!",
    "errorCode": "Unauthenticated",
    "errorCategoryKey": "AuthException",
}
URL = "/kaizala/v1/accessToken"


async def test_the_three_headers_give_an_access_token(world: World) -> None:
    raw = await world.refresh_token(world.anna)
    answer = await world.client.get(URL, headers=world.exchange_headers(raw))
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"accessToken", "accessTokenExpiry", "endpointUrl", "refreshToken", "scope"}
    assert body["accessTokenExpiry"] == to_millis(world.clock() + 24 * HOUR)
    assert (body["scope"], body["refreshToken"]) == ("token.write", "")
    assert body["endpointUrl"] == "http://tenantry.test/kaizala/"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


async def test_from_90_percent_of_its_validity_on_each_call_gives_a_new_refresh_token_and_the_old_one_stays(
    world: World,
) -> None:
    raw = await world.refresh_token(world.anna)
    world.clock.advance(328 * DAY)
    assert (await world.client.get(URL, headers=world.exchange_headers(raw))).json()["refreshToken"] == ""
    world.clock.advance(DAY)
    first = (await world.client.get(URL, headers=world.exchange_headers(raw))).json()["refreshToken"]
    second = (await world.client.get(URL, headers=world.exchange_headers(raw))).json()["refreshToken"]
    assert first
    assert second
    world.clock.advance(40 * DAY)
    assert (await world.client.get(URL, headers=world.exchange_headers(raw))).json() == TOKEN_INVALID
    assert (await world.client.get(URL, headers=world.exchange_headers(first))).status_code == 200


async def test_every_wrong_refresh_token_gets_one_answer(world: World) -> None:
    raw = await world.refresh_token(world.anna)
    altered = raw[:40] + ("A" if raw[40] != "A" else "B") + raw[41:]
    wrong = {
        "garbage": "garbage",
        "empty": "",
        "truncated": raw[:-3],
        "altered": altered,
        "wrong kind": HASHER.mint(SecretKind.DEVICE_TOKEN, world.tenant.id),
        "never issued": HASHER.mint(SecretKind.REFRESH_TOKEN, world.tenant.id),
        "of no tenant": HASHER.mint(SecretKind.REFRESH_TOKEN, TenantId("00000000-0000-4000-8000-000000000000")),
        "long": "tny_rt_" + "x" * 5000,
        "not ASCII": "tny_rt_äöü",
    }
    for name, token in wrong.items():
        headers = {key.encode(): value.encode("latin-1") for key, value in world.exchange_headers(token).items()}
        answer = await world.client.get(URL, headers=headers)
        assert (name, answer.status_code, answer.json()) == (name, 401, TOKEN_INVALID)


async def test_every_wrong_connector_gets_one_answer(world: World) -> None:
    raw = await world.refresh_token(world.anna)
    other = await a_connector(world.store, await a_tenant(world.store))
    right = world.exchange_headers(raw)
    wrong = {
        "no ID": {**right, "applicationId": ""},
        "garbage ID": {**right, "applicationId": "garbage"},
        "unknown ID": {**right, "applicationId": "00000000-0000-4000-8000-000000000000"},
        "no secret": {**right, "applicationSecret": ""},
        "garbage secret": {**right, "applicationSecret": "garbage"},
        "another's secret": {**right, "applicationSecret": other.secret},
        "nothing at all": {},
    }
    for name, headers in wrong.items():
        answer = await world.client.get(URL, headers=headers)
        assert (name, answer.status_code, answer.json()) == (name, 401, CLIENT_INVALID)


async def test_another_connector_cannot_use_the_token(world: World) -> None:
    raw = await world.refresh_token(world.anna)
    other = await a_connector(world.store, world.tenant)
    headers = {**world.exchange_headers(raw), "applicationId": other.id, "applicationSecret": other.secret}
    assert (await world.client.get(URL, headers=headers)).json() == TOKEN_INVALID


async def test_what_has_ended_ends_the_token_and_the_trail_says_which(world: World) -> None:
    async def revoked(tx: Tx, grant: SomeGrant) -> None:
        await revoke_grant(tx, OPERATOR, world.tenant.id, GrantId(grant.id), "test", world.clock())

    async def user_deleted(tx: Tx, _grant: SomeGrant) -> None:
        await delete_user(tx, OPERATOR, world.tenant.id, world.anna.id, world.clock())

    for end in (revoked, user_deleted):
        grant = await a_grant(world.store, world.connector, world.anna, now=world.clock())
        headers = world.exchange_headers(grant.refresh_token)
        access = {"accessToken": (await world.client.get(URL, headers=headers)).json()["accessToken"]}
        assert (await world.client.get("/kaizala/v1/groups", headers=access)).status_code == 200
        async with world.store.write() as tx:
            await end(tx, grant)
        assert (await world.client.get(URL, headers=headers)).json() == TOKEN_INVALID
        assert (await world.client.get("/kaizala/v1/groups", headers=access)).json() == TOKEN_INVALID
    assert len(await world.events("token.refused")) >= 2


@pytest.mark.parametrize("end", ["connector", "tenant"])
async def test_a_deleted_connector_or_tenant_ends_all_its_tokens(world: World, end: Any) -> None:
    raw = await world.refresh_token(world.anna)
    access = await world.token(world.boss, Reach.TENANT)
    async with world.store.write() as tx:
        if end == "connector":
            await delete_connector(tx, OPERATOR, world.tenant.id, world.connector.id, world.clock())
        else:
            await delete_tenant(tx, OPERATOR, world.tenant.id, world.clock())
    assert (await world.client.get(URL, headers=world.exchange_headers(raw))).status_code == 401
    answer = await world.client.get("/kaizala/v1/groups", headers=access)
    assert (answer.status_code, answer.json()) == (401, TOKEN_INVALID)


async def test_a_deactivated_connectors_grants_go_on(world: World) -> None:
    raw = await world.refresh_token(world.anna)
    async with world.store.write() as tx:
        await deactivate_connector(tx, OPERATOR, world.tenant.id, world.connector.id, world.clock())
    assert (await world.client.get(URL, headers=world.exchange_headers(raw))).status_code == 200


async def test_an_expired_access_token_gets_the_three_values_that_make_clients_sign_in_again(world: World) -> None:
    access = await world.token(world.anna)
    world.clock.advance(25 * HOUR)
    answer = await world.client.get("/kaizala/v1/groups", headers=access)
    assert (answer.status_code, answer.json()) == (401, TOKEN_INVALID)


async def test_a_missing_access_token_has_its_own_sentence(world: World) -> None:
    answer = await world.client.get("/kaizala/v1/groups")
    assert answer.status_code == 401
    assert answer.json() == {
        "message": "Token missing. Header should have token as value of ACCESSTOKEN",
        "errorCode": "InvalidToken",
        "errorCategoryKey": "AuthException",
    }


async def test_a_connector_and_a_tenant_have_so_many_calls_a_minute(limited_world: World) -> None:
    world = limited_world
    access = await world.token(world.anna)
    for _ in range(4):
        assert (await world.client.get("/kaizala/v1/users/me", headers=access)).status_code == 200
    raw = await world.refresh_token(world.anna)
    for refused in (
        await world.client.get("/kaizala/v1/users/me", headers=access),
        await world.client.get(URL, headers=world.exchange_headers(raw)),
    ):
        if refused.status_code == 401:  # the new grant has ended the earlier one
            continue
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert set(refused.json()) == {"message", "errorCode", "errorCategoryKey"}
    statuses = []
    for user in (world.bob, world.boss):
        other = await a_connector(world.store, world.tenant)
        raw = await world.refresh_token(user, connector=other)
        headers = {**world.exchange_headers(raw), "applicationId": other.id, "applicationSecret": other.secret}
        statuses += [(await world.client.get(URL, headers=headers)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 200, 200, 429, 429, 429]


async def test_a_strangers_calls_do_not_use_up_a_connectors(limited_world: World) -> None:
    world = limited_world
    raw = await world.refresh_token(world.anna)
    headers = world.exchange_headers(raw)
    for _ in range(20):
        await world.client.get(URL, headers={**headers, "applicationSecret": "garbage"})
    assert (await world.client.get(URL, headers=headers)).status_code == 200


async def test_a_connector_does_only_what_the_grant_permits(world: World) -> None:
    access = await world.token(world.anna, permissions=[Permission.USER_PROFILE])
    assert (await world.client.get("/kaizala/v1/users/me", headers=access)).status_code == 200
    refused = await world.client.get("/kaizala/v1/groups", headers=access)
    assert (refused.status_code, refused.json()["errorCode"]) == (403, "AccessDenied")
    assert [event.type for event in await world.events("access.denied")] == ["access.denied"]


async def test_an_address_with_too_many_bad_credentials_waits(store: Store) -> None:
    world = await a_world(store, rate_limits="on", refusals_per_address_per_minute=3)
    good = world.exchange_headers(await world.refresh_token(world.anna))
    for _ in range(3):
        bad = await world.client.get("/kaizala/v1/accessToken", headers={**good, "refreshToken": "garbage"})
        assert bad.status_code == 401
    limited = await world.client.get("/kaizala/v1/accessToken", headers=good)
    assert limited.status_code == 429
    assert set(limited.json()) == {"message", "errorCode", "errorCategoryKey"}
    world.clock.advance(int(limited.headers["retry-after"]) * SECOND)
    assert (await world.client.get("/kaizala/v1/accessToken", headers=good)).status_code == 200
    await world.client.aclose()
    await world.app.close()
