"""What ends what: everything that lets somebody in stands on something, and falls with exactly that."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from tenantry.core.caller import Reach
from tenantry.core.clock import DAY
from tenantry.core.errors import DomainError
from tenantry.directory.identity_providers import find_provider
from tenantry.directory.invitations import invite, look_at_invitation
from tenantry.directory.sessions import find_session
from tenantry.directory.sign_in_steps import find_sign_in, finish_sign_in
from tenantry.directory.tenants import resolve_tenant
from tenantry.store.devices import enterprises
from tenantry.store.engine.interface import Store
from tenantry.store.sign_in import phones
from tenantry.tokens.clients import authenticate_connector
from tests.support.builders import HASHER, OPERATOR, SomeUser, a_device_token, a_grant, as_user, redeem
from tests.support.clock import NOON
from tests.support.stage import Stage, a_stage
from tests.support.town import Quarter, Town
from tests.unit.tokens.conftest import House, a_house_in


@dataclass
class World:
    """Each door is one way into the tenant of `stage`; `guest` comes by the link to the group, the rest is ann's."""

    house: House
    stage: Stage
    guest: SomeUser
    provider: str
    refresh_token: str
    group_token: str
    access_token: str
    session: str
    under_way: str
    invitation: str
    device_token: str

    async def closed(self) -> set[str]:
        return {door for door in DOORS if not await self.opens(door)}

    async def opens(self, door: str) -> bool:
        doors: dict[str, Callable[[], Awaitable[object]]] = {
            "refresh token": lambda: self.house.exchange(self.refresh_token),
            "group's token": lambda: self.house.exchange(self.group_token),
            "access token": lambda: self.house.authenticate(self.access_token),
            "connector": self._connector,
            "domain": self._domain,
            "session": self._session,
            "sign-in": self._sign_in,
            "phone": self._phone,
            "provider": self._provider,
            "invitation": self._invitation,
            "enterprise": self._enterprise,
            "device token": lambda: redeem(self.house.store, self.device_token, "00cc"),
        }
        try:
            return bool(await doors[door]())
        except DomainError:
            return False

    async def _connector(self) -> object:
        async with self.house.store.read() as read:
            return await authenticate_connector(read, HASHER, self.house.uses, self.house.client, NOON)

    async def _domain(self) -> object:
        async with self.house.store.read() as read:
            return await resolve_tenant(read, self.house.tenant.domain)

    async def _session(self) -> object:
        async with self.house.store.read() as read:
            return await find_session(read, HASHER, self.session, NOON)

    async def _sign_in(self) -> object:
        async with self.house.store.write() as tx:
            found = await find_sign_in(tx, HASHER, self.under_way, NOON)
            return found and await finish_sign_in(
                tx, HASHER, self.under_way, found, OPERATOR.origin, amr=["mfa"], browser="", lifetime=DAY, now=NOON
            )

    async def _phone(self) -> object:
        async with self.house.store.read() as read:
            return await phones.find_verified_user(read, self.house.tenant.id, str(self.stage.ann.phone_number))

    async def _provider(self) -> object:
        async with self.house.store.read() as read:
            return await find_provider(read, self.house.tenant.id, self.provider)

    async def _invitation(self) -> object:
        async with self.house.store.read() as read:
            return await look_at_invitation(read, as_user(self.guest), HASHER, self.invitation, NOON)

    async def _enterprise(self) -> object:
        async with self.house.store.read() as read:
            return await enterprises.find(read, self.stage.enterprise.id)


DOORS = frozenset(
    {
        "refresh token",
        "group's token",
        "access token",
        "connector",
        "domain",
        "session",
        "sign-in",
        "phone",
        "provider",
        "invitation",
        "enterprise",
        "device token",
    }
)
TOKENS = {"refresh token", "group's token", "access token"}
OF_TENANT = DOORS - {"phone", "invitation"}
"""Who comes by those has been let in by a connector or a session, which fall."""
OF_ANN = {*TOKENS, "session", "sign-in", "phone", "invitation"}

OF_ALL: dict[str, tuple[str, frozenset[str] | set[str]]] = {
    "nothing": ("UPDATE tenants SET name = name WHERE id = :tenant", set()),
    "the tenant is disabled": ("UPDATE tenants SET disabled_at = :now WHERE id = :tenant", OF_TENANT),
    "the tenant is deleted": ("UPDATE tenants SET deleted_at = :now WHERE id = :tenant", OF_TENANT),
    "the domain is not proven": ("UPDATE domains SET verified_at = NULL WHERE tenant_id = :tenant", {"domain"}),
}
"""What ends for everybody in a tenant."""


OF_ONE: dict[str, tuple[str, frozenset[str] | set[str]]] = {
    "ann is disabled": ("UPDATE users SET disabled_at = :now WHERE id = :ann", OF_ANN),
    "ann is deleted": ("UPDATE users SET deleted_at = :now WHERE id = :ann", OF_ANN),
    "the number is not proven": ("UPDATE phones SET verified_at = NULL WHERE user_id = :ann", {"phone"}),
    "the connector is deleted": (
        "UPDATE connectors SET deleted_at = :now WHERE id = :connector",
        {*TOKENS, "connector"},
    ),
    "the secret was ended": (
        "UPDATE connector_secrets SET ended_at = :now WHERE id = :secret AND connector_id = :connector",
        {"refresh token", "group's token", "connector"},
    ),
    "the secret is past its end": (
        "UPDATE connector_secrets SET expires_at = :now WHERE id = :secret AND connector_id = :connector",
        {"refresh token", "group's token", "connector"},
    ),
    "the grant is revoked": (
        "UPDATE grants SET revoked_at = :now WHERE id = :grant",
        {"refresh token", "access token"},
    ),
    "the grant is past its end": ("UPDATE grants SET expires_at = :now WHERE id = :grant", {"refresh token"}),
    "the group's grant is revoked": ("UPDATE grants SET revoked_at = :now WHERE id = :group_grant", {"group's token"}),
    "the group's grant is past its end": (
        "UPDATE grants SET expires_at = :now WHERE id = :group_grant",
        {"group's token"},
    ),
    "the refresh token is past its end": (
        "UPDATE refresh_tokens SET expires_at = :now WHERE grant_id = :grant",
        {"refresh token"},
    ),
    "the group's refresh token is past its end": (
        "UPDATE refresh_tokens SET expires_at = :now WHERE grant_id = :group_grant",
        {"group's token"},
    ),
    "the group is deleted": (
        "UPDATE groups SET deleted_at = :now WHERE id = :group",
        {"group's token", "invitation"},
    ),
    "the session was ended": ("UPDATE sessions SET ended_at = :now WHERE id = :session", {"session"}),
    "the session is past its end": ("UPDATE sessions SET expires_at = :now WHERE id = :session", {"session"}),
    "the sign-in took too long": ("UPDATE sign_ins SET expires_at = :now WHERE user_id = :ann", {"sign-in"}),
    "the sign-in has no tries left": ("UPDATE sign_ins SET tries_left = 0 WHERE user_id = :ann", {"sign-in"}),
    "the provider is removed": ("UPDATE identity_providers SET disabled_at = :now WHERE id = :provider", {"provider"}),
    "the link was ended": ("UPDATE group_invitations SET ended_at = :now WHERE id = :invitation", {"invitation"}),
    "the link is past its end": (
        "UPDATE group_invitations SET expires_at = :now WHERE id = :invitation",
        {"invitation"},
    ),
    "the enterprise is unenrolled": (
        "UPDATE enterprises SET unenrolled_at = :now WHERE id = :enterprise",
        {"enterprise", "device token"},
    ),
    "the account is deleted": ("UPDATE managed_accounts SET deleted_at = :now WHERE id = :account", {"device token"}),
    "the device token is revoked": (
        "UPDATE device_tokens SET revoked_at = :now WHERE token_hash = :token",
        {"device token"},
    ),
    "the device token is past its end": (
        "UPDATE device_tokens SET expires_at = :now WHERE token_hash = :token",
        {"device token"},
    ),
}
"""What ends for one, of whose kind there are others in the tenant."""


async def a_world(store: Store, quarter: Quarter, twin: int = 0) -> World:
    """Nothing that the second has stands on what the first has."""
    async with store.read() as read:
        stage = await a_stage(read, quarter, twin)
    if twin:
        stage = await _apart(store, quarter, stage)
    house = await a_house_in(store, quarter, twin)
    async with store.write() as tx:
        await tx.run("UPDATE sign_ins SET must_change = 0 WHERE tenant_id = :tenant", tenant=quarter.tenant.id)
    return World(
        house=house,
        stage=stage,
        guest=quarter.people.newcomers[twin],
        provider=quarter.people.providers[twin],
        refresh_token=stage.grant.refresh_token,
        group_token=stage.group_grant.refresh_token,
        access_token=(await house.exchange(stage.grant.refresh_token)).access_token.raw,
        session=quarter.people.sessions[twin].secret,
        under_way=quarter.people.under_way[twin].secret,
        invitation=stage.invitation,
        device_token=stage.device_token,
    )


async def _apart(store: Store, quarter: Quarter, stage: Stage) -> Stage:
    grant = await a_grant(store, stage.connector, stage.ann, reach=Reach.GROUP, group_id=stage.group)
    token = await a_device_token(store, stage.enterprise, stage.account)
    async with store.write() as tx:
        admin = quarter.people.admins[0]
        link = await invite(tx, as_user(admin), HASHER, quarter.tenant.id, stage.group, DAY, NOON)
    return replace(stage, group_grant=grant, device_token=token, invitation_id=link.id, invitation=link.secret)


@pytest.mark.parametrize("cause", OF_ALL | OF_ONE)
async def test_each_end_closes_what_stands_on_it_and_nothing_of_its_twin(store: Store, town: Town, cause: str) -> None:
    """The twin is in the tenant; that of a tenant is the neighbour."""
    world = await a_world(store, town.home)
    other = await a_world(store, town.neighbour) if cause in OF_ALL else await a_world(store, town.home, 1)
    sql, closes = (OF_ALL | OF_ONE)[cause]
    names = {**world.stage.names(), "provider": world.provider}
    async with store.write() as tx:
        assert await tx.run(sql, **{name: names[name] for name in re.findall(r":(\w+)", sql)}) > 0
    assert await world.closed() == closes
    assert await other.closed() == set()
