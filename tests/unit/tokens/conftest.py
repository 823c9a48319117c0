"""A tenant with a user, a connector and a grant, and how to use them in one line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.caller import Audience, Caller, Reach
from tenantry.core.clock import MINUTE, Micros
from tenantry.core.ids import GroupId, TenantId
from tenantry.directory.roles import assign_role
from tenantry.store import Store
from tenantry.store.trail.audit_events import list_latest
from tenantry.tokens.callers import authenticate
from tenantry.tokens.clients import Client
from tenantry.tokens.grant_types.refresh_token import exchange_refresh_token
from tenantry.tokens.issuing import Issued, Issuing, TokenAsk
from tenantry.tokens.keys.master_key import MasterKey
from tenantry.tokens.keys.signing_keys import KeyRing
from tenantry.tokens.last_uses import LastUses
from tests.support.app import MASTER_KEY
from tests.support.builders import (
    OPERATOR,
    SomeConnector,
    SomeGrant,
    SomeTenant,
    SomeUser,
    a_connector,
    a_grant,
    a_tenant,
    a_user,
)
from tests.support.clock import NOON, FakeClock
from tests.support.issuing import ISSUER, YEAR, issuing_on
from tests.support.town import Quarter
from tests.support.trail import types_of


@dataclass
class House:
    """One tenant and what is needed to use its grants. `now` is the clock's."""

    store: Store
    ring: KeyRing
    clock: FakeClock
    tenant: SomeTenant
    user: SomeUser
    connector: SomeConnector
    uses: LastUses = field(default_factory=LastUses)

    async def make_administrator(self) -> None:
        """Give the user the role on which tenant reach stands."""
        async with self.store.write() as tx:
            await assign_role(
                tx, OPERATOR, self.tenant.id, self.user.id, RoleId.GLOBAL_ADMINISTRATOR, None, self.clock()
            )

    async def grant(
        self, reach: Reach = Reach.USER, group_id: GroupId | None = None, user: SomeUser | None = None
    ) -> SomeGrant:
        giver, now = user or self.user, self.clock()
        return await a_grant(self.store, self.connector, giver, reach=reach, group_id=group_id, lifetime=YEAR, now=now)

    @property
    def client(self) -> Client:
        """The connector, with its secret."""
        return Client(self.connector.id, self.connector.secret)

    def issuing(self, store: Store | None = None) -> Issuing:
        """On the house's store, or on another that stands before it."""
        return issuing_on(store or self.store, self.ring, uses=self.uses)

    def ask(self, audience: Audience = Audience.KAIZALA, tenant: TenantId | None = None) -> TokenAsk:
        """For a token, now."""
        return TokenAsk(audience, OPERATOR.origin, self.clock(), tenant)

    async def exchange(
        self,
        refresh_token: str,
        *,
        store: Store | None = None,
        audience: Audience = Audience.KAIZALA,
        tenant: TenantId | None = None,
        **client: Any,
    ) -> Issued:
        """By the house's connector but for what `client` says of it."""
        presented = self.client._replace(**client)
        return await exchange_refresh_token(self.issuing(store), self.ask(audience, tenant), presented, refresh_token)

    async def authenticate(self, raw: str, audience: Audience = Audience.KAIZALA) -> Caller:
        async with self.store.read() as read:
            return await authenticate(
                read,
                self.ring,
                raw,
                issuer=ISSUER,
                audience=audience,
                origin=OPERATOR.origin,
                now=self.clock(),
                leeway=MINUTE,
            )

    async def trail(self) -> list[str]:
        """Types of the tenant's events."""
        return await types_of(self.store, self.tenant.id)

    async def reasons(self) -> list[str]:
        """Of every refusal the tenant's trail knows."""
        async with self.store.read() as read:
            events = await list_latest(read, self.tenant.id, 1000)
        return [json.loads(event.data)["reason"] for event in events if event.type == "token.refused"]

    async def run(self, sql: str, **params: str | int) -> None:
        """What another part of the product would do to a row."""
        async with self.store.write() as tx:
            assert await tx.run(sql, **params) == 1


async def a_house(store: Store, now: Micros = NOON) -> House:
    clock = FakeClock(now)
    tenant = await a_tenant(store)
    return House(
        store,
        await KeyRing.load(store, MasterKey.from_base64(MASTER_KEY), clock),
        clock,
        tenant,
        await a_user(store, tenant),
        await a_connector(store, tenant),
    )


async def a_house_in(store: Store, quarter: Quarter, twin: int = 0, now: Micros = NOON) -> House:
    """In a quarter of the town, with one of the members and the connector that the member has given a grant to."""
    clock = FakeClock(now)
    ring = await KeyRing.load(store, MasterKey.from_base64(MASTER_KEY), clock)
    member, connector = quarter.people.members[twin], quarter.apps.connectors[twin]
    return House(store, ring, clock, quarter.tenant, member, connector)


@pytest.fixture
async def house(store: Store) -> House:
    return await a_house(store)
