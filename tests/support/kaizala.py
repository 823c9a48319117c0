"""A tenant as Kaizala's clients meet it: its people, a connector, groups, and the tokens to reach them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import httpx

from tenantry.access.actions import Permission, RoleId
from tenantry.app import App
from tenantry.core.caller import Reach
from tenantry.core.ids import GroupId
from tenantry.store.engine.interface import Store
from tenantry.store.trail import audit_events
from tenantry.store.trail.audit_events import AuditEvent
from tests.support.app import RecordingMessages, an_app, client_for
from tests.support.builders import (
    SomeConnector,
    SomeTenant,
    SomeUser,
    a_connector,
    a_grant,
    a_group,
    a_tenant,
    a_user,
)
from tests.support.clock import FakeClock


@dataclass
class World:
    """`boss` is Global Administrator and in no group; `anna` is admin and `bob` member of `group`."""

    app: App
    client: httpx.AsyncClient
    clock: FakeClock
    messages: RecordingMessages
    store: Store
    tenant: SomeTenant
    connector: SomeConnector
    boss: SomeUser
    anna: SomeUser
    bob: SomeUser
    group: GroupId

    async def refresh_token(self, user: SomeUser, reach: Reach = Reach.USER, **options: Any) -> str:
        connector = options.pop("connector", self.connector)
        return (await a_grant(self.store, connector, user, reach=reach, now=self.clock(), **options)).refresh_token

    def exchange_headers(self, refresh_token: str) -> dict[str, str]:
        return {
            "applicationId": self.connector.id,
            "applicationSecret": self.connector.secret,
            "refreshToken": refresh_token,
        }

    async def token(
        self,
        user: SomeUser,
        reach: Reach = Reach.USER,
        group_id: GroupId | None = None,
        permissions: Collection[Permission] = tuple(Permission),
    ) -> dict[str, str]:
        """The header of a call."""
        raw = await self.refresh_token(user, reach, group_id=group_id, permissions=permissions)
        answer = await self.client.get("/kaizala/v1/accessToken", headers=self.exchange_headers(raw))
        assert answer.status_code == 200, answer.text
        return {"accessToken": answer.json()["accessToken"]}

    async def events(self, type: str) -> list[AuditEvent]:
        async with self.store.read() as read:
            return [
                event for event in await audit_events.list_after(read, self.tenant.id, "", 1000) if event.type == type
            ]


async def a_world(store: Store, **settings: Any) -> World:
    clock, messages = FakeClock(), RecordingMessages()
    app = await an_app(store, clock=clock, messages=messages, **settings)
    tenant = await a_tenant(store)
    anna, bob = await a_user(store, tenant, phone=True), await a_user(store, tenant, phone=True)
    return World(
        app=app,
        client=client_for(app),
        clock=clock,
        messages=messages,
        store=store,
        tenant=tenant,
        connector=await a_connector(store, tenant),
        boss=await a_user(store, tenant, phone=True, roles=[RoleId.GLOBAL_ADMINISTRATOR]),
        anna=anna,
        bob=bob,
        group=await a_group(store, tenant, name="Sales", admins=[anna], members=[bob]),
    )
