"""A partner tenant as AAD's clients meet it: a user with a second factor, a connector, a refresh token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tenantry.app import App
from tenantry.store.engine.interface import Store
from tenantry.store.trail import audit_events
from tests.support.app import an_app, client_for
from tests.support.builders import (
    SomeConnector,
    SomeGrant,
    SomeTenant,
    SomeUser,
    a_connector,
    a_grant,
    a_tenant,
    a_user,
)
from tests.support.clock import FakeClock

REDIRECT_URI = "https://contoso.example/back"


@dataclass
class World:
    """What a partner's app holds."""

    app: App
    client: httpx.AsyncClient
    clock: FakeClock
    store: Store
    tenant: SomeTenant
    connector: SomeConnector
    user: SomeUser
    grant: SomeGrant

    @property
    def refresh_form(self) -> dict[str, str]:
        return {
            "grant_type": "refresh_token",
            "client_id": self.connector.id,
            "client_secret": self.connector.secret,
            "refresh_token": self.grant.refresh_token,
            "resource": "https://api.partnercenter.microsoft.com",
        }

    async def post(self, tenant: str, form: Any, *, version: str = "", **options: Any) -> httpx.Response:
        return await self.client.post(f"/{tenant}/oauth2/{version}token", data=form, **options)

    async def reasons(self, tenant: SomeTenant) -> list[str]:
        """What the trail of the tenant says of refused tokens."""
        async with self.store.read() as read:
            trail = await audit_events.list_after(read, tenant.id, "", 1000)
        return [event.data for event in trail if event.type == "token.refused"]


async def a_world(store: Store, **settings: Any) -> World:
    clock = FakeClock()
    app = await an_app(store, clock=clock, **settings)
    tenant = await a_tenant(store)
    user = await a_user(store, tenant)
    connector = await a_connector(store, tenant, redirect_uris=[REDIRECT_URI])
    grant = await a_grant(store, connector, user)
    return World(app, client_for(app), clock, store, tenant, connector, user, grant)


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    made = await a_world(store)
    yield made
    await made.client.aclose()
    await made.app.close()


@pytest.fixture
async def limited_world(store: Store) -> AsyncIterator[World]:
    made = await a_world(store, rate_limits="on", refusals_per_client_per_minute=3)
    yield made
    await made.client.aclose()
    await made.app.close()
