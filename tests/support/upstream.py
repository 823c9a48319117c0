"""An organisation whose people sign in at a provider of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from httpx import Response

from tenantry.app import App
from tenantry.directory.identity_providers import (
    NewProvider,
    add_identity_provider,
)
from tenantry.store import Store
from tenantry.store.trail import audit_events
from tests.support.app import an_app
from tests.support.builders import OPERATOR
from tests.support.clock import NOON
from tests.support.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.support.portal import Portal, Visitor, a_portal
from tests.support.server import a_running_server


@dataclass
class World:
    portal: Portal
    provider: Provider
    provider_id: str

    @property
    def way(self) -> str:
        return f"/sign-in/at/{self.portal.tenant.id}/{self.provider_id}?next=/connectors"

    @property
    def callback(self) -> str:
        return f"/sign-in/callback/{self.portal.tenant.id}/{self.provider_id}"

    async def leave(self) -> tuple[Visitor, dict[str, str]]:
        visitor = await self.portal.visit(None)
        answer = await visitor.open(self.way)
        assert answer.status_code == 303, visitor.text
        return visitor, self.provider.visit(answer.headers["location"])

    async def come(self, **claims: Any) -> tuple[Visitor, Response]:
        """There and back, with these claims in the ID token."""
        visitor, asked = await self.leave()
        self.provider.claims = {"email": self.portal.mia.user_principal_name, "email_verified": True, **claims}
        return visitor, await visitor.open(f"{self.callback}?code=c&state={asked['state']}")

    async def reasons(self) -> list[str]:
        async with self.portal.app.deps.store.read() as read:
            trail = await audit_events.list_latest(read, self.portal.tenant.id, 100)
        return [event.data.split('"reason":"')[1].split('"')[0] for event in trail if "upstream" in event.type]

    async def users(self) -> list[str]:
        async with self.portal.app.deps.store.read() as read:
            return await read.all(
                str,
                "SELECT user_id FROM sessions WHERE tenant_id = :t AND amr LIKE '%fed%'",
                t=self.portal.tenant.id,
            )


@asynccontextmanager
async def an_upstream(store: Store) -> AsyncIterator[World]:
    """A portal whose organisation has a provider that answers."""
    app = await an_app(store, outgoing_private_addresses=True)
    portal = await a_portal(app)
    provider = Provider()

    async def make_app(address: str) -> App:
        provider.issuer = address
        return cast(App, provider.app())

    async with a_running_server(make_app):
        yield World(portal, provider, await add_provider(portal, provider))
    for http in portal.visitors:
        await http.aclose()
    await app.close()


async def add_provider(portal: Portal, provider: Provider, **more: Any) -> str:
    new = NewProvider(name="Entra", issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **more)
    deps = portal.app.deps
    async with deps.store.write() as tx:
        return await add_identity_provider(tx, deps.master_key, OPERATOR, portal.tenant.id, new, NOON)
