"""What ends what: everything that lets somebody in stands on something, and falls with exactly that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from tenantry.core.caller import Reach
from tenantry.core.clock import DAY
from tenantry.core.errors import DomainError
from tenantry.core.ids import ConnectorId, GroupId
from tenantry.directory.identity_providers import NewProvider, add_identity_provider, find_provider
from tenantry.directory.invitations import invite, look_at_invitation
from tenantry.directory.sessions import NewSession, find_session, start_session
from tenantry.directory.sign_in_steps import NextStep, begin_sign_in, find_sign_in, finish_sign_in
from tenantry.directory.tenants import resolve_tenant
from tenantry.store.devices import enterprises
from tenantry.store.engine.interface import Store
from tenantry.store.sign_in import phones
from tenantry.tokens.clients import authenticate_connector
from tests.support.builders import (
    HASHER,
    KEY,
    OPERATOR,
    SomeEnterprise,
    SomeUser,
    a_device_token,
    a_group,
    a_managed_account,
    a_user,
    an_enterprise,
    as_user,
    redeem,
)
from tests.support.clock import NOON
from tests.unit.tokens.conftest import House, a_house


@dataclass
class World:
    """Each door is one way into the tenant of `house`; `guest` comes by the link to the group, the rest is ann's."""

    house: House
    ann: SomeUser
    guest: SomeUser
    group: GroupId
    enterprise: SomeEnterprise
    provider: str
    refresh_token: str
    group_token: str
    access_token: str
    session: str
    under_way: str
    invitation: str
    device_token: str

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
            "device token": lambda: redeem(self.house.store, self.device_token, "00aa"),
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
            return await phones.find_verified_user(read, self.house.tenant.id, str(self.ann.phone_number))

    async def _provider(self) -> object:
        async with self.house.store.read() as read:
            return await find_provider(read, self.house.tenant.id, self.provider)

    async def _invitation(self) -> object:
        async with self.house.store.read() as read:
            return await look_at_invitation(read, as_user(self.guest), HASHER, self.invitation, NOON)

    async def _enterprise(self) -> object:
        async with self.house.store.read() as read:
            return await enterprises.find(read, self.enterprise.id)


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
OF_ANN = {*TOKENS, "session", "sign-in", "phone"}

CAUSES = {
    "nothing": ("UPDATE tenants SET name = name WHERE id = :tenant", set()),
    "the tenant is disabled": ("UPDATE tenants SET disabled_at = :now WHERE id = :tenant", OF_TENANT),
    "the tenant is deleted": ("UPDATE tenants SET deleted_at = :now WHERE id = :tenant", OF_TENANT),
    "the domain is not proven": ("UPDATE domains SET verified_at = NULL WHERE tenant_id = :tenant", {"domain"}),
    "ann is disabled": ("UPDATE users SET disabled_at = :now WHERE tenant_id = :tenant AND id = :ann", OF_ANN),
    "ann is deleted": ("UPDATE users SET deleted_at = :now WHERE tenant_id = :tenant AND id = :ann", OF_ANN),
    "the number is not proven": ("UPDATE phones SET verified_at = NULL WHERE tenant_id = :tenant", {"phone"}),
    "the connector is deleted": (
        "UPDATE connectors SET deleted_at = :now WHERE tenant_id = :tenant AND id = :connector",
        {*TOKENS, "connector"},
    ),
    "the secret was ended": (
        "UPDATE connector_secrets SET ended_at = :now WHERE connector_id = :connector",
        {"refresh token", "group's token", "connector"},
    ),
    "the secret is past its end": (
        "UPDATE connector_secrets SET expires_at = :now WHERE connector_id = :connector",
        {"refresh token", "group's token", "connector"},
    ),
    "the grant is revoked": (
        "UPDATE grants SET revoked_at = :now WHERE tenant_id = :tenant AND group_id IS NULL",
        {"refresh token", "access token"},
    ),
    "the grant is past its end": (
        "UPDATE grants SET expires_at = :now WHERE tenant_id = :tenant AND group_id IS NULL",
        {"refresh token"},
    ),
    "the refresh tokens are past their end": (
        "UPDATE refresh_tokens SET expires_at = :now WHERE tenant_id = :tenant",
        {"refresh token", "group's token"},
    ),
    "the group is deleted": (
        "UPDATE groups SET deleted_at = :now WHERE tenant_id = :tenant AND id = :group",
        {"group's token", "invitation"},
    ),
    "the session was ended": ("UPDATE sessions SET ended_at = :now WHERE tenant_id = :tenant", {"session"}),
    "the session is past its end": ("UPDATE sessions SET expires_at = :now WHERE tenant_id = :tenant", {"session"}),
    "the sign-in took too long": ("UPDATE sign_ins SET expires_at = :now WHERE tenant_id = :tenant", {"sign-in"}),
    "the sign-in has no tries left": ("UPDATE sign_ins SET tries_left = 0 WHERE tenant_id = :tenant", {"sign-in"}),
    "the provider is removed": (
        "UPDATE identity_providers SET disabled_at = :now WHERE tenant_id = :tenant",
        {"provider"},
    ),
    "the link was ended": ("UPDATE group_invitations SET ended_at = :now WHERE tenant_id = :tenant", {"invitation"}),
    "the link is past its end": (
        "UPDATE group_invitations SET expires_at = :now WHERE tenant_id = :tenant",
        {"invitation"},
    ),
    "the enterprise is unenrolled": (
        "UPDATE enterprises SET unenrolled_at = :now WHERE tenant_id = :tenant",
        {"enterprise", "device token"},
    ),
    "the account is deleted": (
        "UPDATE managed_accounts SET deleted_at = :now WHERE tenant_id = :tenant",
        {"device token"},
    ),
    "the device token is revoked": (
        "UPDATE device_tokens SET revoked_at = :now WHERE tenant_id = :tenant",
        {"device token"},
    ),
    "the device token is past its end": (
        "UPDATE device_tokens SET expires_at = :now WHERE tenant_id = :tenant",
        {"device token"},
    ),
}


@pytest.fixture
async def world(store: Store) -> World:
    house = await a_house(store)
    tenant = house.tenant
    ann, guest, admin = [await a_user(store, tenant, phone=True) for _ in range(3)]
    group = await a_group(store, tenant, admins=[admin])
    enterprise = await an_enterprise(store, tenant)
    refresh_token = (await house.grant(user=ann)).refresh_token
    group_token = (await house.grant(Reach.GROUP, group, user=ann)).refresh_token
    access_token = (await house.exchange(refresh_token)).access_token.raw
    async with store.write() as tx:
        provider = NewProvider(name="Sister", issuer="https://sister.example", client_id="us", client_secret="secret")
        provider_id = await add_identity_provider(tx, KEY, OPERATOR, tenant.id, provider, NOON)
        invitation = await invite(tx, as_user(admin), HASHER, tenant.id, group, DAY, NOON)
        session = await start_session(
            tx,
            HASHER,
            as_user(ann),
            tenant_id=tenant.id,
            user_id=ann.id,
            amr=["pwd"],
            browser="",
            lifetime=DAY,
            now=NOON,
        )
        under_way = await begin_sign_in(
            tx,
            HASHER,
            as_user(ann),
            tenant_id=tenant.id,
            user_id=ann.id,
            amr=["pwd"],
            must_change=True,
            browser="",
            lifetime=DAY,
            now=NOON,
        )
        await tx.run("UPDATE sign_ins SET must_change = 0 WHERE tenant_id = :tenant", tenant=tenant.id)
    assert isinstance(session, NewSession)
    assert isinstance(under_way, NextStep)
    return World(
        house=house,
        ann=ann,
        guest=guest,
        group=group,
        enterprise=enterprise,
        provider=provider_id,
        refresh_token=refresh_token,
        group_token=group_token,
        access_token=access_token,
        session=session.secret,
        under_way=under_way.secret,
        invitation=invitation.secret,
        device_token=await a_device_token(store, enterprise, await a_managed_account(store, enterprise)),
    )


@pytest.mark.parametrize("cause", CAUSES)
async def test_each_end_closes_what_stands_on_it_and_nothing_else(world: World, cause: str) -> None:
    sql, closes = CAUSES[cause]
    names: dict[str, str | int | ConnectorId] = {
        "tenant": world.house.tenant.id,
        "now": NOON,
        "ann": world.ann.id,
        "connector": world.house.connector.id,
        "group": world.group,
    }
    async with world.house.store.write() as tx:
        assert await tx.run(sql, **{name: value for name, value in names.items() if f":{name}" in sql})
    assert {door for door in DOORS if not await world.opens(door)} == closes
