"""The budget of each hot path (docs/architecture.md), counted in statements and transactions over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tenantry.app import App
from tenantry.core.caller import Audience
from tenantry.core.clock import MINUTE
from tenantry.store.engine.interface import Store
from tenantry.tokens.callers import authenticate
from tests.support.app import an_app, client_for
from tests.support.builders import (
    OPERATOR,
    SomeConnector,
    SomeGrant,
    SomeTenant,
    a_connector,
    a_grant,
    a_managed_account,
    a_tenant,
    a_user,
    an_access_token,
    an_enterprise,
)
from tests.support.counting import Cost, CountingStore

EXCHANGE = Cost(commits=1, steps=2)
CALLER, ENTERPRISE = 1, 1
"""Looks by key: at the connector; at the enterprise."""


@dataclass
class House:
    app: App
    store: CountingStore
    client: httpx.AsyncClient
    tenant: SomeTenant
    connector: SomeConnector
    grant: SomeGrant


@pytest.fixture
async def house(store: Store) -> AsyncIterator[House]:
    counting = CountingStore(store)
    app = await an_app(counting)
    tenant = await a_tenant(store)
    connector = await a_connector(store, tenant)
    grant = await a_grant(store, connector, await a_user(store, tenant, phone=True))
    async with client_for(app) as client:
        yield House(app, counting, client, tenant, connector, grant)
    await app.close()


async def cost_of(house: House, method: str, url: str, **options: Any) -> tuple[Cost, httpx.Response]:
    with house.store.counting() as cost:
        answer = await house.client.request(method, url, **options)
    assert answer.status_code == 200, answer.text
    return cost, answer


def kaizala_headers(house: House) -> dict[str, str]:
    return {
        "applicationId": house.connector.id,
        "applicationSecret": house.connector.secret,
        "refreshToken": house.grant.refresh_token,
    }


async def test_the_exchange_of_kaizala_costs_one_look_and_one_row(house: House) -> None:
    cost, _ = await cost_of(house, "GET", "/kaizala/v1/accessToken", headers=kaizala_headers(house))
    assert cost == EXCHANGE


@pytest.mark.parametrize("version", ["", "v2.0/"])
async def test_the_exchange_of_oauth_costs_one_look_and_one_row(house: House, version: str) -> None:
    form = {
        "grant_type": "refresh_token",
        "client_id": house.connector.id,
        "client_secret": house.connector.secret,
        "refresh_token": house.grant.refresh_token,
    }
    cost, _ = await cost_of(house, "POST", f"/{house.tenant.id}/oauth2/{version}token", data=form)
    assert cost == EXCHANGE


async def test_garbage_costs_nothing(house: House) -> None:
    headers = {**kaizala_headers(house), "refreshToken": house.grant.refresh_token[:-1]}
    with house.store.counting() as cost:
        assert (await house.client.get("/kaizala/v1/accessToken", headers=headers)).status_code == 401
        assert (
            await house.client.post("/device/v1/provision", json={"token": "x", "androidId": "1"})
        ).status_code == 404
    assert cost == Cost()


async def test_a_caller_costs_one_look(house: House) -> None:
    _, answer = await cost_of(house, "GET", "/kaizala/v1/accessToken", headers=kaizala_headers(house))
    deps = house.app.deps
    with house.store.counting() as cost:
        async with house.store.read() as read:
            caller = await authenticate(
                read,
                deps.keys,
                answer.json()["accessToken"],
                issuer=deps.settings.issuer,
                audience=Audience.KAIZALA,
                origin=OPERATOR.origin,
                now=deps.clock(),
                leeway=MINUTE,
            )
    assert caller.grant_id == house.grant.id
    assert cost == Cost(looks=1)


async def test_a_device_token_is_made_and_redeemed_in_one_transaction_each(house: House, store: Store) -> None:
    enterprise = await an_enterprise(store, house.tenant)
    account_id = await a_managed_account(store, enterprise)
    url = f"/androidenterprise/v1/enterprises/{enterprise.id}/users/{account_id}/authenticationToken"
    token = an_access_token(house.app, enterprise.service_account, Audience.ANDROID_ENTERPRISE)
    made, answer = await cost_of(house, "POST", url, headers={"Authorization": f"Bearer {token}"})
    assert (made.looks, made.commits) == (CALLER + ENTERPRISE, 1)
    redeemed, _ = await cost_of(
        house, "POST", "/device/v1/provision", json={"token": answer.json()["token"], "androidId": "1"}
    )
    assert (redeemed.looks, redeemed.commits) == (0, 1)


async def test_key_set_and_discovery_cost_nothing(house: House) -> None:
    for url in ("/.well-known/jwks.json", "/discovery/v1/apis/androidenterprise/v1/rest"):
        cost, _ = await cost_of(house, "GET", url)
        assert cost == Cost(), url
