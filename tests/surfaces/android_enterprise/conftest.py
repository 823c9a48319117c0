"""An application with one enterprise and a token of the service account that manages it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tenantry.access.actions import Permission
from tenantry.app import App
from tenantry.core.caller import Audience
from tenantry.core.clock import DAY
from tenantry.core.ids import ManagedAccountId
from tenantry.store.engine.interface import Store
from tests.support.app import an_app, client_for
from tests.support.builders import (
    SomeEnterprise,
    a_google_managed_account,
    a_managed_account,
    an_access_token,
    an_enterprise,
)
from tests.support.clock import FakeClock


@dataclass
class Emm:
    """An EMM's view of its enterprise over HTTP."""

    app: App
    store: Store
    clock: FakeClock
    http: httpx.AsyncClient
    enterprise: SomeEnterprise
    user_id: ManagedAccountId
    google_managed_id: ManagedAccountId

    @property
    def root(self) -> str:
        return f"/androidenterprise/v1/enterprises/{self.enterprise.id}"

    @property
    def user(self) -> str:
        return f"{self.root}/users/{self.user_id}"

    def token(
        self,
        enterprise: SomeEnterprise | None = None,
        *,
        scope: Permission = Permission.ANDROID_ENTERPRISE,
        audience: Audience = Audience.ANDROID_ENTERPRISE,
    ) -> str:
        owner = enterprise or self.enterprise
        return an_access_token(self.app, owner.service_account, audience, permissions=[scope], lifetime=10 * DAY)

    async def call(self, method: str, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token or self.token()}", **options.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **options)

    async def provision(self, android_id: str = "00aa", **fields: Any) -> httpx.Response:
        """Ask for a token and redeem it."""
        made = await self.call("POST", f"{self.user}/authenticationToken")
        assert made.status_code == 200, made.text
        body = {"token": made.json()["token"], "androidId": android_id, **fields}
        return await self.http.post("/device/v1/provision", json=body)


@pytest.fixture
async def emm(store: Store) -> AsyncIterator[Emm]:
    clock = FakeClock()
    app = await an_app(store, clock=clock, rate_limits="on")
    enterprise = await an_enterprise(store)
    user_id = await a_managed_account(store, enterprise)
    google_managed_id = await a_google_managed_account(store, enterprise)
    async with client_for(app) as http:
        yield Emm(app, store, clock, http, enterprise, user_id, google_managed_id)
    await app.close()
