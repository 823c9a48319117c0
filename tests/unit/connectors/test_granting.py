"""Tokens that users hand to connectors: who may give one, look at what it would reach, and take it back."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from tenantry.access.actions import Permission
from tenantry.connectors.connectors import register_connector
from tenantry.connectors.granting import (
    get_token,
    grant_group_token,
    grant_user_token,
    preview_group_token,
    preview_user_token,
    revoke_token,
)
from tenantry.connectors.ownership import require_change
from tenantry.connectors.secrets import add_secret, end_secret, list_secrets
from tenantry.core.caller import Caller
from tenantry.core.clock import DAY
from tenantry.core.errors import Forbidden, InvalidValue, NotFound
from tenantry.core.ids import ConnectorId, GrantId, GroupId, new_guid
from tenantry.store.engine.interface import Store, Tx
from tests.support.builders import (
    HASHER,
    OPERATOR,
    SomeConnector,
    SomeGrant,
    a_connector,
    a_grant,
    a_group,
    a_relationship,
    a_tenant,
    a_user,
    as_user,
)
from tests.support.clock import NOON
from tests.support.trail import types_of


@dataclass
class Scene:
    """`anna` is admin of `group` and gave `grant`; `bob` is in the tenant, `pat` one of its partner's users, and `app`
    the connector with all permissions of anna's token.
    """

    connector: SomeConnector
    group: GroupId
    grant: SomeGrant
    anna: Caller
    bob: Caller
    pat: Caller
    app: Caller

    async def grant_user(self, tx: Tx, caller: Caller) -> object:
        connector = self.connector
        return await grant_user_token(
            tx,
            caller,
            HASHER,
            tenant_id=connector.tenant_id,
            connector_id=connector.id,
            permissions=[Permission.MEDIA],
            lifetime=DAY,
            now=NOON,
        )

    async def grant_group(self, tx: Tx, caller: Caller) -> object:
        connector = self.connector
        return await grant_group_token(
            tx,
            caller,
            HASHER,
            tenant_id=connector.tenant_id,
            connector_id=connector.id,
            group_id=self.group,
            permissions=[Permission.MEDIA],
            lifetime=DAY,
            now=NOON,
        )

    async def preview_user(self, tx: Tx, caller: Caller) -> object:
        return await preview_user_token(tx, caller, self.connector.tenant_id, self.connector.id, NOON)

    async def preview_group(self, tx: Tx, caller: Caller) -> object:
        return await preview_group_token(tx, caller, self.connector.tenant_id, self.connector.id, self.group, NOON)


@pytest.fixture
async def scene(store: Store) -> Scene:
    tenant, partner = await a_tenant(store), await a_tenant(store)
    await a_relationship(store, partner, tenant)
    anna, bob, pat = await a_user(store, tenant), await a_user(store, tenant), await a_user(store, partner)
    connector = await a_connector(store, tenant)
    return Scene(
        connector=connector,
        group=await a_group(store, tenant, admins=[anna], members=[bob]),
        grant=await a_grant(store, connector, anna),
        anna=as_user(anna),
        bob=as_user(bob),
        pat=as_user(pat),
        app=replace(as_user(anna), connector_id=connector.id, permissions=frozenset(Permission)),
    )


async def test_a_token_for_a_group_is_its_admins_to_give_and_ones_own_is_everybodys(store: Store, scene: Scene) -> None:
    async with store.write() as tx:
        for give in (scene.preview_user, scene.grant_user):
            await give(tx, scene.bob)
        for give in (scene.preview_group, scene.grant_group):
            await give(tx, scene.anna)
            with pytest.raises(Forbidden):
                await give(tx, scene.bob)


async def test_neither_an_app_nor_a_partner_gives_tokens(store: Store, scene: Scene) -> None:
    before = await types_of(store, scene.connector.tenant_id)
    async with store.write() as tx:
        for give in (scene.preview_user, scene.grant_user, scene.preview_group, scene.grant_group):
            for caller in (scene.app, scene.pat):
                with pytest.raises(Forbidden):
                    await give(tx, caller)
    assert await types_of(store, scene.connector.tenant_id) == before


async def test_a_token_is_taken_back_by_its_giver_and_by_nobody_who_has_no_part_in_it(
    store: Store, scene: Scene
) -> None:
    tenant_id, grant = scene.connector.tenant_id, GrantId(scene.grant.id)
    async with store.write() as tx:
        for caller in (scene.bob, scene.pat, scene.app):
            with pytest.raises(Forbidden):
                await revoke_token(tx, caller, tenant_id, grant, NOON)
        await revoke_token(tx, scene.anna, tenant_id, grant, NOON)
        with pytest.raises(NotFound):
            await revoke_token(tx, scene.anna, tenant_id, grant, NOON)


async def test_who_acts_for_a_customer_does_not_learn_which_tokens_and_connectors_it_has(
    store: Store, scene: Scene
) -> None:
    tenant_id = scene.connector.tenant_id
    async with store.read() as read:
        for grant_id in (GrantId(scene.grant.id), GrantId(new_guid())):
            with pytest.raises(Forbidden):
                await get_token(read, scene.pat, tenant_id, grant_id, NOON)
        for connector_id in (scene.connector.id, ConnectorId(new_guid())):
            with pytest.raises(Forbidden):
                await require_change(read, scene.pat, tenant_id, connector_id, NOON)
        with pytest.raises(NotFound):
            await require_change(read, scene.bob, tenant_id, ConnectorId(new_guid()), NOON)


async def test_a_connector_is_registered_by_a_user_in_the_portal_and_by_no_app_or_partner(
    store: Store, scene: Scene
) -> None:
    async def register(tx: Tx, caller: Caller) -> None:
        tenant_id = scene.connector.tenant_id
        await register_connector(tx, caller, HASHER, tenant_id=tenant_id, name="Sync", permissions=[], now=NOON)

    async with store.write() as tx:
        await register(tx, scene.bob)
        for caller in (scene.app, scene.pat):
            with pytest.raises(Forbidden):
                await register(tx, caller)


async def test_secrets_are_for_who_may_change_the_connector_and_end_in_the_future(store: Store, scene: Scene) -> None:
    tenant_id, connector_id = scene.connector.tenant_id, scene.connector.id
    async with store.write() as tx:
        [secret] = await list_secrets(tx, OPERATOR, tenant_id, connector_id, NOON)
        for caller in (scene.bob, scene.pat, scene.app):
            with pytest.raises(Forbidden):
                await add_secret(tx, caller, HASHER, tenant_id, connector_id, now=NOON)
            with pytest.raises(Forbidden):
                await end_secret(tx, caller, tenant_id, connector_id, secret.id, NOON)
        with pytest.raises(InvalidValue):
            await add_secret(tx, OPERATOR, HASHER, tenant_id, connector_id, expires_at=NOON, now=NOON)
        await add_secret(tx, OPERATOR, HASHER, tenant_id, connector_id, expires_at=NOON + 1, now=NOON)
        assert len(await list_secrets(tx, OPERATOR, tenant_id, connector_id, NOON)) == 2
