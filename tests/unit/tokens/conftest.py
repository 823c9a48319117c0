"""A tenant with a user, a connector and a grant, and how to use them in one line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tenantry.access.actions import RoleId
from tenantry.core.caller import Audience, Caller, Reach
from tenantry.core.clock import DAY, HOUR, MINUTE, Micros
from tenantry.core.ids import GroupId
from tenantry.directory.roles import assign_role
from tenantry.store import Store
from tenantry.store.trail.audit_events import list_latest
from tenantry.tokens.callers import authenticate
from tenantry.tokens.exchange import Exchanged, exchange_refresh_token
from tenantry.tokens.master_key import MasterKey
from tenantry.tokens.signing_keys import KeyRing
from tests.support.app import MASTER_KEY
from tests.support.builders import (
    HASHER,
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
from tests.support.trail import types_of

ISSUER = "https://tenantry.test"
YEAR = 365 * DAY


@dataclass
class House:
    """One tenant and what is needed to use its grants. `now` is the clock's."""

    store: Store
    ring: KeyRing
    clock: FakeClock
    tenant: SomeTenant
    user: SomeUser
    connector: SomeConnector

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

    async def exchange(self, refresh_token: str, store: Store | None = None, **changes: Any) -> Exchanged:
        arguments: dict[str, Any] = {
            "client_id": self.connector.id,
            "client_secret": self.connector.secret,
            "refresh_token": refresh_token,
            "audience": Audience.KAIZALA,
            "issuer": ISSUER,
            "lifetime": HOUR,
            "now": self.clock(),
            "origin": OPERATOR.origin,
            "refresh_lifetime": YEAR,
        }
        return await exchange_refresh_token(store or self.store, self.ring, HASHER, **{**arguments, **changes})

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


@pytest.fixture
async def house(store: Store) -> House:
    return await a_house(store)
